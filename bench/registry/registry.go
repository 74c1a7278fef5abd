// SPDX-License-Identifier: MIT

// Serves gauges with the labels of caretta_links_observed as a Go program would: registry PORT SERIES. Each scrape calls the same
// registry and handler that Go's agents use.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: registry PORT SERIES")
	}
	series, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	links := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "caretta_links_observed",
		Help: "Bytes sent by the side that role names.",
	}, []string{"client_id", "client_kind", "client_name", "client_namespace", "link_id", "role",
		"server_id", "server_kind", "server_name", "server_namespace", "server_port"})
	registry.MustRegister(links)
	for i := 0; i < series; i++ {
		link := i / 2
		links.WithLabelValues("1074587981", "process", "load", "host", strconv.Itoa(100000000+i), strconv.Itoa(1+i%2),
			"1112713827", "process", "load", "host", strconv.Itoa(10000+link)).Set(float64(1 + link))
	}
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	fmt.Println("ready")
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
