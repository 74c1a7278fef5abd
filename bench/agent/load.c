// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
/*
 * The work that whole-agent runs measure: as little as can be of its own, so that what an agent adds shows. Every mode does a fixed
 * amount and prints one line of numbers. It talks to itself over loopback, in whatever network namespace it is started.
 *
 *   load connections COUNT    connect, request, response, close      -> connections per second, us of processor time each
 *   load bulk MEGABYTES       one stream                             -> MB per second, ms of processor time per GB
 *   load ping COUNT           one byte there, one byte back          -> us median, us 99th percentile
 *   load hold CONNECTIONS PORTS NUMBER
 *                             holds connections to PORTS server ports on 127.77.NUMBER.1; prints "ready", then for each number read
 *                             sends a byte over so many of them and prints "done"; ends with its input
 *   load churn RATE           so many connections a second until it is killed, each of another name and every few to another port;
 *                             some stay open for a while, some fail
 *   load scrape PORT COUNT [gzip]  GET /metrics over one connection  -> bytes of the last page
 *   load view PORT VIEWERS MS SECONDS
 *                             what so many pages of the map do: each fetches the page's files, then asks /api/links every MS, compressed
 *                             and only for what it has not yet, spread evenly -> answers, of which so many without a body
 *   load start PORT COMMAND... runs an agent until it serves a page -> ms from its start to the end of the page
 *   load time COMMAND...      runs it                                -> ms of processor time
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES 64
#define RESPONSE_BYTES 256
#define FIRST_PORT 10000
/* Closed connections keep their ports for a minute: enough addresses to have one for each. */
#define SERVER_ADDRESSES 250
/* Of churn: names of processes and server ports in turn, connections open at a time, how many share a port, and which one fails. */
#define CHURN_NAMES 20000
#define CHURN_PORTS 20000
#define CHURN_OPEN 200
#define CHURN_PER_PORT 4
#define CHURN_FAILURE 4
#define MAX_VIEWERS 1000

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static double used_by(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static struct sockaddr_in address(uint32_t host, int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(host), .sin_port = htons(port) };
}

static int listen_on(uint32_t host, int port, int *chosen)
{
	struct sockaddr_in local = address(host, port);
	socklen_t length = sizeof(local);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) || listen(fd, 4096))
		fail("listen");
	if (chosen) {
		getsockname(fd, (struct sockaddr *)&local, &length);
		*chosen = ntohs(local.sin_port);
	}
	return fd;
}

static int connect_to(uint32_t host, int port)
{
	struct sockaddr_in remote = address(host, port);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&remote, sizeof(remote)))
		fail("connect");
	return fd;
}

/* False at the end of the stream. */
static bool read_all(int fd, char *buffer, size_t length)
{
	ssize_t got;

	for (; length; buffer += got, length -= got) {
		got = read(fd, buffer, length);
		if (got <= 0)
			return false;
	}
	return true;
}

static void write_all(int fd, const char *buffer, size_t length)
{
	ssize_t put;

	for (; length; buffer += put, length -= put) {
		put = write(fd, buffer, length);
		if (put <= 0)
			fail("write");
	}
}

/*
 * Both ends on one processor: where the scheduler puts them decides over a factor of two, and on one the work that something adds
 * shows undiluted.
 */
static void stay_on_one_processor(void)
{
	cpu_set_t one, all;
	int i = 0;

	sched_getaffinity(0, sizeof(all), &all);
	while (!CPU_ISSET(i, &all))
		i++;
	CPU_ZERO(&one);
	CPU_SET(i, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* Runs a server in a process of its own, which dies with this one. */
static pid_t serve(int listener, void (*handle)(int fd, uint64_t count), uint64_t count)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	handle(listener, count);
	_exit(0);
}

static void answer_requests(int listener, uint64_t count)
{
	char request[REQUEST_BYTES], response[RESPONSE_BYTES] = "";
	int fd;

	while (count--) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0 || !read_all(fd, request, sizeof(request)))
			fail("serve");
		write_all(fd, response, sizeof(response));
		close(fd);
	}
}

static void drain(int listener, uint64_t count)
{
	static char buffer[256 << 10];
	int fd = accept(listener, NULL, NULL);
	ssize_t got;

	for (; count; count -= got) {
		got = read(fd, buffer, sizeof(buffer));
		if (got <= 0)
			fail("drain");
	}
	write_all(fd, "k", 1);
}

static void echo(int listener, uint64_t count)
{
	int on = 1, fd = accept(listener, NULL, NULL);
	char byte;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (count-- && read_all(fd, &byte, 1))
		write_all(fd, &byte, 1);
}

static void run_connections(uint64_t count)
{
	char request[REQUEST_BYTES] = "", response[RESPONSE_BYTES];
	int port, fd, listener = listen_on(INADDR_ANY, 0, &port);
	double start = seconds(), took;
	pid_t child = serve(listener, answer_requests, count);
	uint64_t i;

	for (i = 0; i < count; i++) {
		fd = connect_to((127 << 24) + (78 << 16) + (i % SERVER_ADDRESSES) + 1, port);
		write_all(fd, request, sizeof(request));
		if (!read_all(fd, response, sizeof(response)))
			fail("read");
		close(fd);
	}
	waitpid(child, NULL, 0);
	took = seconds() - start;
	printf("%.1f %.3f\n", count / took, (used_by(RUSAGE_SELF) + used_by(RUSAGE_CHILDREN)) / count * 1e6);
}

static void run_bulk(uint64_t megabytes)
{
	static char buffer[256 << 10];
	uint64_t left = megabytes << 20;
	int port, fd, listener = listen_on(INADDR_LOOPBACK, 0, &port);
	double start = seconds(), took;
	pid_t child = serve(listener, drain, left);
	char byte;

	fd = connect_to(INADDR_LOOPBACK, port);
	for (; left; left -= sizeof(buffer))
		write_all(fd, buffer, sizeof(buffer));
	if (!read_all(fd, &byte, 1))
		fail("read");
	waitpid(child, NULL, 0);
	took = seconds() - start;
	printf("%.1f %.3f\n", megabytes / took, (used_by(RUSAGE_SELF) + used_by(RUSAGE_CHILDREN)) * 1e3 / (megabytes / 1024.0));
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void run_ping(uint64_t count)
{
	int port, fd, listener = listen_on(INADDR_LOOPBACK, 0, &port);
	pid_t child = serve(listener, echo, count);
	float *took = malloc(count * sizeof(*took));
	char byte = 'p';
	uint64_t i;

	fd = connect_to(INADDR_LOOPBACK, port);
	for (i = 0; i < count; i++) {
		double start = seconds();

		write_all(fd, &byte, 1);
		if (!read_all(fd, &byte, 1))
			fail("read");
		took[i] = (seconds() - start) * 1e6;
	}
	waitpid(child, NULL, 0);
	qsort(took, count, sizeof(*took), ascending);
	printf("%.2f %.2f\n", took[count / 2], took[count * 99 / 100]);
}

static void run_hold(int connections, int ports, int number)
{
	uint32_t host = (127 << 24) + (77 << 16) + (number << 8) + 1;
	int *listeners = calloc(ports, sizeof(int)), *clients = calloc(connections, sizeof(int)), *servers = calloc(connections, sizeof(int));
	int i, count, next = 0;
	char byte = 'h';

	for (i = 0; i < ports; i++)
		listeners[i] = listen_on(host, FIRST_PORT + i, NULL);
	for (i = 0; i < connections; i++) {
		clients[i] = connect_to(host, FIRST_PORT + i % ports);
		servers[i] = accept(listeners[i % ports], NULL, NULL);
		if (servers[i] < 0)
			fail("accept");
	}
	setlinebuf(stdout);
	puts("ready");
	while (scanf("%d", &count) == 1) {
		for (i = 0; i < count; i++, next = (next + 1) % connections) {
			write_all(clients[next], &byte, 1);
			if (!read_all(servers[next], &byte, 1))
				fail("read");
		}
		puts("done");
	}
}

static void fail_to_connect(uint32_t number)
{
	/* Nobody listens there; each address is another external end. */
	struct sockaddr_in remote = address((127 << 24) + (79 << 16) + (number & 0xffff), 9);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		fail("socket");
	if (!connect(fd, (struct sockaddr *)&remote, sizeof(remote)))
		fail("a connection that should have failed");
	close(fd);
}

static void run_churn(int rate)
{
	char request[REQUEST_BYTES] = "", name[16];
	int clients[CHURN_OPEN], servers[CHURN_OPEN], listener = -1, place;
	uint32_t i, number, host = (127 << 24) + (77 << 16) + 1;
	struct timespec next;

	memset(clients, -1, sizeof(clients));
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (i = 0;; i++) {
		number = i / CHURN_PER_PORT;
		place = i % CHURN_OPEN;
		snprintf(name, sizeof(name), "churn-%u", i % CHURN_NAMES);
		prctl(PR_SET_NAME, name);
		if (i % CHURN_PER_PORT == 0) {
			if (listener >= 0)
				close(listener);
			listener = listen_on(host, FIRST_PORT + number % CHURN_PORTS, NULL);
		}
		if (clients[place] >= 0) {
			close(clients[place]);
			close(servers[place]);
		}
		clients[place] = connect_to(host, FIRST_PORT + number % CHURN_PORTS);
		servers[place] = accept(listener, NULL, NULL);
		if (servers[place] < 0)
			fail("accept");
		write_all(clients[place], request, sizeof(request));
		if (!read_all(servers[place], request, sizeof(request)))
			fail("read");
		write_all(servers[place], request, 1);
		if (!read_all(clients[place], request, 1))
			fail("read");
		if (i % CHURN_FAILURE == 0)
			fail_to_connect(i / CHURN_FAILURE);
		next.tv_nsec += 1000000000 / rate;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

static size_t read_page(int fd)
{
	static const char end[] = "\r\n0\r\n\r\n";
	static char buffer[64 << 10];
	char tail[7] = "";
	size_t total = 0;
	ssize_t got;

	do {
		got = read(fd, buffer, sizeof(buffer));
		if (got <= 0)
			fail("read");
		total += got;
		if (got >= (ssize_t)sizeof(tail)) {
			memcpy(tail, buffer + got - sizeof(tail), sizeof(tail));
		} else {
			memmove(tail, tail + got, sizeof(tail) - got);
			memcpy(tail + sizeof(tail) - got, buffer, got);
		}
	} while (memcmp(tail, end, sizeof(tail)));
	return total;
}

static void run_scrape(int port, int count, bool gzip)
{
	int fd = connect_to(INADDR_LOOPBACK, port);
	char request[200];
	size_t bytes = 0;

	snprintf(request, sizeof(request), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n%s\r\n", gzip ? "Accept-Encoding: gzip\r\n" : "");
	while (count--) {
		write_all(fd, request, strlen(request));
		bytes = read_page(fd);
	}
	printf("%zu\n", bytes);
}

struct viewer {
	int fd;
	char tag[64];
};

/* One request as a browser makes it, over a connection that stays. Returns the status. */
static int ask(struct viewer *viewer, const char *path)
{
	char request[512], head[64 << 10];
	size_t length = 0, left;
	char *body, *field;
	ssize_t got;
	int status;

	length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
		"Accept-Encoding: gzip, deflate, br\r\n%s%s%s\r\n", path, *viewer->tag ? "If-None-Match: " : "", viewer->tag,
		*viewer->tag ? "\r\n" : "");
	write_all(viewer->fd, request, length);
	for (length = 0, body = NULL; !body; body = strstr(head, "\r\n\r\n")) {
		got = read(viewer->fd, head + length, sizeof(head) - 1 - length);
		if (got <= 0)
			fail("read");
		length += got;
		head[length] = 0;
	}
	body += 4;
	left = length - (body - head);
	body[-1] = 0;
	status = atoi(head + strlen("HTTP/1.1 "));
	field = strstr(head, "\nContent-Length: ");
	length = field ? strtoul(field + strlen("\nContent-Length: "), NULL, 10) : 0;
	field = strstr(head, "\nETag: ");
	if (field)
		snprintf(viewer->tag, sizeof(viewer->tag), "%.*s", (int)strcspn(field + strlen("\nETag: "), "\r"), field + strlen("\nETag: "));
	length -= left < length ? left : length;
	while (length) {
		got = read(viewer->fd, head, length < sizeof(head) ? length : sizeof(head));
		if (got <= 0)
			fail("read");
		length -= got;
	}
	return status;
}

static void run_view(int port, int count, int interval_ms, int for_seconds)
{
	static const char *const files[] = { "/", "/style.css", "/map.js", "/layout.js" };
	static struct viewer viewers[MAX_VIEWERS];
	long i, f, status, asked = 0, known = 0;
	double begin = seconds();

	for (i = 0; i < count; i++) {
		viewers[i].fd = connect_to(INADDR_LOOPBACK, port);
		for (f = 0; f < (long)(sizeof(files) / sizeof(*files)); f++) {
			if (ask(&viewers[i], files[f]) != 200)
				fail(files[f]);
			*viewers[i].tag = 0;
		}
	}
	for (i = 0;; i++) {
		double left = begin + (double)i * interval_ms / 1e3 / count - seconds();
		struct timespec pause = { .tv_sec = left > 0 ? left : 0, .tv_nsec = left > 0 ? (left - (long)left) * 1e9 : 0 };

		if (seconds() - begin > for_seconds)
			break;
		nanosleep(&pause, NULL);
		status = ask(&viewers[i % count], "/api/links");
		if (status != 200 && status != 304)
			fail("/api/links");
		asked++;
		known += status == 304;
	}
	printf("%ld %ld\n", asked, known);
}

/* Whether the agent serves its page yet; reads it whole. */
static bool serves_page(int port)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
	struct sockaddr_in remote = address(INADDR_LOOPBACK, port);
	char buffer[4096], status[13] = "";
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t got;

	if (fd < 0)
		fail("socket");
	if (!connect(fd, (struct sockaddr *)&remote, sizeof(remote)) && write(fd, request, sizeof(request) - 1) > 0 &&
	    read(fd, status, sizeof(status) - 1) == sizeof(status) - 1)
		while ((got = read(fd, buffer, sizeof(buffer))) > 0)
			;
	close(fd);
	return !strcmp(status, "HTTP/1.1 200");
}

static int run_start(int port, char **command)
{
	struct timespec pause = { .tv_nsec = 500000 };
	double start = seconds(), end = start + 30;
	pid_t child = fork();

	if (!child) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(126);
		execvp(*command, command);
		_exit(127);
	}
	while (!serves_page(port)) {
		if (seconds() > end || waitpid(child, NULL, WNOHANG) == child) {
			kill(child, SIGKILL);
			fprintf(stderr, "load: the agent did not start\n");
			return 1;
		}
		nanosleep(&pause, NULL);
	}
	printf("%.1f\n", (seconds() - start) * 1e3);
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	return 0;
}

static int run_time(char **command)
{
	pid_t child = fork();
	int status;

	if (!child) {
		execvp(command[0], command);
		_exit(127);
	}
	waitpid(child, &status, 0);
	fprintf(stderr, "%.3f\n", used_by(RUSAGE_CHILDREN) * 1e3);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(mode, "connections") || !strcmp(mode, "bulk") || !strcmp(mode, "ping"))
		stay_on_one_processor();
	if (!strcmp(mode, "connections"))
		run_connections(strtoull(argv[2], NULL, 10));
	else if (!strcmp(mode, "bulk"))
		run_bulk(strtoull(argv[2], NULL, 10));
	else if (!strcmp(mode, "ping"))
		run_ping(strtoull(argv[2], NULL, 10));
	else if (!strcmp(mode, "hold") && argc == 5)
		run_hold(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	else if (!strcmp(mode, "churn"))
		run_churn(atoi(argv[2]));
	else if (!strcmp(mode, "scrape") && argc >= 4)
		run_scrape(atoi(argv[2]), atoi(argv[3]), argc > 4);
	else if (!strcmp(mode, "view") && argc == 6 && atoi(argv[3]) > 0 && atoi(argv[3]) <= MAX_VIEWERS)
		run_view(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	else if (!strcmp(mode, "start") && argc >= 4)
		return run_start(atoi(argv[2]), argv + 3);
	else if (!strcmp(mode, "time"))
		return run_time(argv + 2);
	else
		return 2;
	return 0;
}
