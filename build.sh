#!/usr/bin/env bash
# Builds, runs and tests Caretta. `./build.sh help` lists the commands.
#
# Everything made here goes to artifacts/ (and the usual bin/ and obj/), or to $XDG_CACHE_HOME/caretta for what is
# downloaded once. A step runs again only when the content of its inputs changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

root=$PWD
artifacts=$root/artifacts
results=$artifacts/test-results
export CARETTA_CACHE=${CARETTA_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/caretta}
configuration=Release

# The kernels that the tests boot, as series: the pool moves, so no exact version is named. `test` has time for two scenarios of
# tests/kernels/guest.sh on each, `test-kernels` runs all of them.
kernels=${CARETTA_TEST_KERNELS:-5.10 6.1 6.12 7.3}
ci_scenarios="full no-btf"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 # nothing here needs ICU, which a fresh machine may lack
export MSBUILDDISABLENODEREUSE=1 # no build processes of root left behind

case $(uname -m) in
x86_64) rid=linux-x64 ;;
aarch64) rid=linux-arm64 ;;
*) rid= ;;
esac

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

# ---- Set-up -------------------------------------------------------------------------------------------------------

# What each task needs, as PACKAGE=PROBE. A probe is a command or an absolute path: what is there is not installed again.
build_packages="clang=clang llvm=llvm-strip make=make libbpf-dev=/usr/include/bpf/bpf_helpers.h
    linux-libc-dev=/usr/include/linux/bpf.h libc6-dev=/usr/include/stdio.h zlib1g-dev=/usr/include/zlib.h"
page_packages="make=make nodejs=node npm=npm"
[[ ${PageIsBuilt:-} == true ]] || build_packages+=" $page_packages"
# Besides: what the static binary of the image is linked with.
static_packages="lld=ld.lld cmake=cmake libssl-dev=/usr/include/openssl/ssl.h"
check_packages="clang-format=clang-format"
unpacked_packages="prometheus=promtool victoria-metrics=victoria-metrics"
test_packages="iproute2=ip bpftool=/usr/sbin/bpftool xz-utils=xz zstd=zstd qemu-system-x86=qemu-system-x86_64 busybox-static=busybox cpio=cpio
    debian-archive-keyring=/usr/share/keyrings/debian-archive-keyring.gpg"
cluster_packages="iproute2=ip nftables=/usr/sbin/nft
    debian-archive-keyring=/usr/share/keyrings/debian-archive-keyring.gpg"
browser_packages="chromium=chromium fonts-dejavu-core=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf iproute2=ip $page_packages"
chart_packages="buildah=buildah runc=runc jq=jq"

as_root() {
    if [[ $EUID == 0 ]]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        die "needs root to run: $*"
    fi
}

apt_updated=
apt_update() {
    [[ -z $apt_updated ]] || return 0
    as_root apt-get -q update >&2
    apt_updated=1
}

# need PACKAGE=PROBE…: installs the packages whose probe is not there.
need() {
    local entry probe missing=()
    for entry; do
        probe=${entry#*=}
        [[ -e $probe ]] || command -v "$probe" >/dev/null || missing+=("${entry%%=*}")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    command -v apt-get >/dev/null || die "please install these first (no apt-get here): ${missing[*]}"
    say "Installing ${missing[*]}"
    apt_update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${missing[@]}" >&2
}

# need_unpacked PACKAGE=COMMAND…: programs for the tests, taken out of their packages and put on PATH but not installed: an
# installed server would start by itself, as this machine's own.
need_unpacked() {
    local entry package command dir
    for entry; do
        package=${entry%%=*} command=${entry#*=} dir=$CARETTA_CACHE/tools/$package
        command -v "$command" >/dev/null && continue
        if [[ ! -d $dir ]]; then
            say "Unpacking $package"
            rm -rf "$dir.part"
            mkdir -p "$dir.part/deb"
            (cd "$dir.part/deb" && apt-get -q -o APT::Sandbox::User=root download "$package" >&2) || {
                apt_update
                (cd "$dir.part/deb" && apt-get -q -o APT::Sandbox::User=root download "$package" >&2)
            }
            dpkg-deb -x "$dir.part"/deb/*.deb "$dir.part"
            rm -rf "$dir.part/deb"
            mv "$dir.part" "$dir"
        fi
        export PATH=$PATH:$dir/usr/bin
        command -v "$command" >/dev/null || die "the package $package has no $command"
    done
}

# Leaves an SDK of version 10 or later on PATH.
need_dotnet() {
    local candidate
    for candidate in "$(command -v dotnet || true)" "${DOTNET_ROOT:-/nonexistent}/dotnet" /usr/share/dotnet/dotnet \
        /usr/lib/dotnet/dotnet "$(invoking_home)/.dotnet/dotnet" "$CARETTA_CACHE/dotnet/dotnet"; do
        [[ -x $candidate ]] || continue
        candidate=$(readlink -f "$candidate")
        if compgen -G "${candidate%/*}/sdk/[1-9][0-9].*" >/dev/null; then
            export PATH=${candidate%/*}:$PATH
            dotnet_sdks=$(cd "${candidate%/*}/sdk" && echo *)
            return 0
        fi
    done
    if [[ -z ${1:-} ]] && command -v apt-get >/dev/null; then
        apt_update
        if apt-cache show dotnet-sdk-10.0 >/dev/null 2>&1; then
            say "Installing dotnet-sdk-10.0"
            as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install dotnet-sdk-10.0 >&2
            need_dotnet again
            return
        fi
    fi
    # Debian has no such package; Microsoft's own script puts the SDK into a directory of ours.
    if [[ ${1:-} != script ]]; then
        need curl=curl ca-certificates=/etc/ssl/certs/ca-certificates.crt
        say "Downloading the .NET SDK 10 to $CARETTA_CACHE/dotnet"
        mkdir -p "$CARETTA_CACHE"
        if curl -fsSL --retry 3 -o "$CARETTA_CACHE/dotnet-install.sh" https://dot.net/v1/dotnet-install.sh &&
            bash "$CARETTA_CACHE/dotnet-install.sh" --channel 10.0 --install-dir "$CARETTA_CACHE/dotnet" --no-path >&2; then
            need_dotnet script
            return
        fi
    fi
    die "needs the .NET SDK 10, which could not be had: install it as https://learn.microsoft.com/dotnet/core/install/linux says, then run this again"
}

# The home of the person who called sudo, else one's own.
invoking_home() {
    if [[ -n ${SUDO_USER:-} ]]; then getent passwd "$SUDO_USER" | cut -d: -f6; else echo "${HOME:-/root}"; fi
}

# Under sudo, what was built belongs to the person who called it, not to root.
give_back() {
    [[ $EUID == 0 && ${SUDO_UID:-0} != 0 ]] || return 0
    local paths=("$artifacts")
    mapfile -t -O1 paths < <(compgen -G "$root/*/*/bin"; compgen -G "$root/*/*/obj")
    chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "${paths[@]}" 2>/dev/null || true
}

# The compiler's server stays for ten minutes after a build. Ours listens under a name of its own, so that this can end it and no
# other.
compiler=caretta-$$
stop_compiler() {
    local file
    while read -r file; do
        file=${file#/proc/}
        kill "${file%/cmdline}" 2>/dev/null || true
    done < <(grep -als "pipename:[c]aretta-$$\b" /proc/[0-9]*/cmdline)
}

leave() {
    stop_compiler
    give_back
}
trap leave EXIT

# ---- Steps --------------------------------------------------------------------------------------------------------

# digest PATH…: a hash over names and contents of the files below the paths, and over the tools that read them.
digest() {
    {
        echo "${dotnet_sdks:-} ${AotFramework:-} $configuration $rid"
        find "$@" \( -name bin -o -name obj -o -name node_modules \) -prune -o -type f ! -name packages.lock.json -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -d' ' -f1
}

# once NAME OUTPUT INPUT… -- COMMAND…: runs the command unless OUTPUT is there and the inputs are what they were.
once() {
    local name=$1 output=$2 inputs=() now
    shift 2
    while [[ $1 != -- ]]; do
        inputs+=("$1")
        shift
    done
    shift
    now=$(digest "${inputs[@]}")
    [[ -e $output && $(cat "$artifacts/stamps/$name" 2>/dev/null) == "$now" ]] && return 0
    mkdir -p "$artifacts/stamps"
    rm -f "$artifacts/stamps/$name"
    "$@"
    echo "$now" >"$artifacts/stamps/$name"
}

shared_inputs=(build.sh global.json Directory.Build.props Directory.Packages.props .editorconfig)

setup_build() {
    # shellcheck disable=SC2086
    need $build_packages
    need_dotnet
}

bpf() {
    say "Building the BPF objects"
    make --no-print-directory -C bpf
}

page() {
    say "Building the page"
    make --no-print-directory -C src/Caretta.Page all check
}

# publish_native PROJECT BINARY: compiles ahead of time and leaves artifacts/BINARY.
publish_native() {
    [[ -n $rid ]] || die "no Native AOT for $(uname -m): linux-x64 and linux-arm64 are supported"
    say "Publishing $2 (Native AOT, $rid); the first time takes a minute or two"
    local framework out=$artifacts/publish/$2
    framework=$(dotnet msbuild "$1" -getProperty:AotFramework)
    rm -rf "$out"
    # Without -r: the SDK then takes this machine's, and the libraries' lock files stay as they are.
    dotnet publish "$1" -c "$configuration" -f "$framework" -o "$out" -v quiet -warnaserror -p:SharedCompilationId="$compiler" >&2
    # Renamed into place, so that a running agent keeps the file it was started from.
    cp "$out/$2" "$artifacts/$2.new"
    mv "$artifacts/$2.new" "$artifacts/$2"
}

publish() {
    setup_build
    once publish "$artifacts/caretta" "${shared_inputs[@]}" src bpf btf -- publish_native src/Caretta.Aot caretta
}

# The image's binary: all in one file, so that it runs in an empty root. Linking OpenSSL compiles some C sources of the runtime
# pack, whose warnings are not ours to mend. What the linker made stays apart from that of the other binary: the SDK looks at times
# alone, and would publish the one for the other.
publish_static_native() {
    [[ -n $rid ]] || die "no Native AOT for $(uname -m): linux-x64 and linux-arm64 are supported"
    say "Publishing the static binary (Native AOT, $rid)"
    local framework out=$artifacts/publish/static native=$artifacts/publish/static-native/
    framework=$(dotnet msbuild src/Caretta.Aot -getProperty:AotFramework)
    rm -rf "$out"
    dotnet publish src/Caretta.Aot -c "$configuration" -f "$framework" -o "$out" -v quiet -p:StaticExecutable=true \
        -p:StaticOpenSslLinking=true -p:LinkerFlavor=lld -p:NativeOutputPath="$native" \
        -p:NativeIntermediateOutputPath="$native" -p:SharedCompilationId="$compiler" >&2
    mkdir -p "$artifacts/static"
    write_sbom >"$artifacts/static/sbom.spdx.json"
    cp "$out/caretta" "$artifacts/static/caretta"
}

# What the static binary is made of, as SPDX 2.3. The same inputs give the same bytes.
write_sbom() {
    local version compiler_pack openssl glibc name
    version=$(dotnet msbuild src/Caretta.Aot -getProperty:Version)
    compiler_pack=$(sed -nE '/"Microsoft.DotNet.ILCompiler"/,/"resolved"/s/.*"resolved": "(.*)".*/\1/p' src/Caretta.Aot/packages.lock.json | head -n 1)
    openssl=$(sed -nE 's/^# *define OPENSSL_VERSION_STR "(.*)"/\1/p' /usr/include/openssl/opensslv.h)
    glibc=$(ldd --version | sed -nE '1s/.* ([0-9.]+)$/\1/p')
    cat <<JSON
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "caretta-$version",
  "documentNamespace": "urn:caretta:sbom:$version:$framework:$openssl:$glibc",
  "creationInfo": { "created": "1970-01-01T00:00:00Z", "creators": ["Tool: build.sh"] },
  "packages": [
    { "SPDXID": "SPDXRef-caretta", "name": "caretta", "versionInfo": "$version", "downloadLocation": "NOASSERTION", "licenseDeclared": "MIT" },
    { "SPDXID": "SPDXRef-dotnet", "name": ".NET runtime (Native AOT, $framework)", "versionInfo": "$compiler_pack", "downloadLocation": "NOASSERTION", "licenseDeclared": "MIT" },
    { "SPDXID": "SPDXRef-openssl", "name": "OpenSSL", "versionInfo": "$openssl", "downloadLocation": "NOASSERTION", "licenseDeclared": "Apache-2.0" },
    { "SPDXID": "SPDXRef-glibc", "name": "glibc", "versionInfo": "$glibc", "downloadLocation": "NOASSERTION", "licenseDeclared": "LGPL-2.1-or-later" }
  ],
  "relationships": [
    { "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-caretta" },
$(for name in dotnet openssl; do
        echo "    { \"spdxElementId\": \"SPDXRef-caretta\", \"relationshipType\": \"STATIC_LINK\", \"relatedSpdxElement\": \"SPDXRef-$name\" },"
    done)
    { "spdxElementId": "SPDXRef-caretta", "relationshipType": "STATIC_LINK", "relatedSpdxElement": "SPDXRef-glibc" }
  ]
}
JSON
}

publish_static() {
    setup_build
    # shellcheck disable=SC2086
    need $static_packages
    once publish-static "$artifacts/static/caretta" "${shared_inputs[@]}" src bpf btf -- publish_static_native
}

publish_traffic() {
    setup_build
    once publish-traffic "$artifacts/caretta-traffic" "${shared_inputs[@]}" tests/Caretta.Traffic -- \
        publish_native tests/Caretta.Traffic caretta-traffic
}

publish_trial() {
    setup_build
    once publish-trial "$artifacts/caretta-loader-trial" "${shared_inputs[@]}" src/Caretta.Bpf tests/Caretta.LoaderTrial -- \
        publish_native tests/Caretta.LoaderTrial caretta-loader-trial
}

# The benchmarks' figures, compiled as the agent is.
publish_figures() {
    setup_build
    once publish-figures "$artifacts/caretta-figures" "${shared_inputs[@]}" src bpf btf bench/Caretta.Benchmarks bench/Caretta.Figures -- \
        publish_native bench/Caretta.Figures caretta-figures
}

build_solution() {
    say "Building the solution"
    dotnet build Caretta.sln -c "$configuration" -v quiet -warnaserror -p:SharedCompilationId="$compiler" >&2
}

build() {
    setup_build
    once build "$root/tests/Caretta.Kernel.Tests/bin/$configuration/net10.0/Caretta.Kernel.Tests" \
        "${shared_inputs[@]}" Caretta.sln src bpf btf tests bench -- build_solution
}

# ---- Suites -------------------------------------------------------------------------------------------------------
# A suite leaves "PASSED FAILED" in $results/NAME.count. A suite that ran nothing has failed.

# record NAME PASSED FAILED
record() {
    local passed=$2 failed=$3
    if ((passed + failed == 0)); then
        say "$1 ran no test, which counts as a failure"
        failed=1
    fi
    echo "$passed $failed" >"$results/$1.count"
    say "$1: $passed passed, $failed failed"
}

# suite_xunit PROJECT [OPTION…]: runs a test program and takes the numbers from its report. A skipped test has failed.
suite_xunit() {
    local name=$1 exe=tests/$1/bin/$configuration/net10.0/$1 report=$results/$1.xml status=0 passed failed
    shift
    say "Testing: $name"
    rm -f "$report"
    "$exe" --report-xunit --report-xunit-filename "$name.xml" --results-directory "$results" --fail-skips on \
        --no-progress --timeout 20m "$@" >&2 || status=$?
    # The <assembly …> element carries the totals.
    total() {
        local element=
        [[ ! -s $report ]] || element=$(grep -o -m 1 '<assembly [^>]*>' "$report")
        [[ $element =~ \ $1=\"([0-9]+)\" ]] && echo "${BASH_REMATCH[1]}" || echo 0
    }
    passed=$(total passed)
    failed=$(($(total failed) + $(total skipped) + $(total not-run) + $(total errors)))
    # A crash or a timeout leaves no report, or one that does not say so.
    ((status == 0 || failed > 0)) || failed=1
    record "$name" "$passed" "$failed"
}

# suite_lines NAME COMMAND…: runs a script that prints "ok - …" or "not ok - …" per check.
suite_lines() {
    local name=$1 log=$results/$1.log status=0 passed failed
    shift
    say "Testing: $name"
    "$@" 2>&1 | tee "$log" >&2 || status=$?
    passed=$(grep -c '^ok - ' "$log" || true)
    failed=$(grep -c '^not ok - ' "$log" || true)
    ((status == 0 || failed > 0)) || failed=1
    record "$name" "$passed" "$failed"
}

check_line() { # DESCRIPTION COMMAND…
    local what=$1
    shift
    if "$@"; then echo "ok - $what"; else echo "not ok - $what"; fi
}

style() {
    check_line "the C# sources are formatted" dotnet format whitespace Caretta.sln --no-restore --verify-no-changes
    # shellcheck disable=SC2046
    check_line "the BPF sources are formatted" clang-format --dry-run --Werror $(find bpf -name '*.[ch]')
}

# finish: adds up the suites; the last line printed is "N passed, M failed".
finish() {
    local passed=0 failed=0 p f file
    for file in "$results"/*.count; do
        read -r p f <"$file"
        passed=$((passed + p)) failed=$((failed + f))
    done
    echo "$passed passed, $failed failed"
    ((failed == 0 && passed > 0))
}

need_root() {
    [[ $EUID == 0 ]] || die "the kernel tests load BPF programs: run sudo ./build.sh $command"
}

begin() {
    rm -rf "$results"
    mkdir -p "$results"
}

# prepare COMMAND: a step without which the suites would test something old. In a child, since `set -e` does not hold inside a
# function whose status is asked for.
prepare() {
    if ! bash "$root/build.sh" "$1"; then
        record "$1" 0 1
        finish || exit 1
    fi
}

unit_suites() {
    suite_xunit Caretta.Bpf.Tests
    suite_xunit Caretta.Aot.Tests
    suite_lines page-unit make --no-print-directory -s -C src/Caretta.Page test
}

kernel_suites() {
    # shellcheck disable=SC2086
    need_unpacked $unpacked_packages
    suite_xunit Caretta.Kernel.Tests
    suite_xunit Caretta.Map.Tests
    suite_lines smoke tests/smoke/aot.sh "$artifacts/caretta"
}

# The fixture is built once, from a source package: some minutes.
setup_cluster() {
    # shellcheck disable=SC2086
    need $cluster_packages
    nice tests/cluster/fetch-kubernetes.sh >/dev/null
}

cluster_suite() {
    [[ $EUID == 0 ]] || die "the cluster tests start agents and make network namespaces: run them as root (sudo ./build.sh $command)"
    CARETTA_CLUSTER_TOOLS=$(tests/cluster/fetch-kubernetes.sh) suite_xunit Caretta.Cluster.Tests
}

setup_chart() {
    # shellcheck disable=SC2086
    need $chart_packages $build_packages $static_packages
    tests/chart/fetch-tools.sh >/dev/null
}

# The image, and the file system in it as the tests run it.
image() {
    once image "$artifacts/image/config.json" "${shared_inputs[@]}" Dockerfile.distroless tests/chart/image.sh src bpf btf -- \
        tests/chart/image.sh "$artifacts/image"
}

chart_suite() {
    [[ $EUID == 0 ]] || die "the chart's tests run its pods: run them as root (sudo ./build.sh $command)"
    # shellcheck disable=SC2086
    need_unpacked $unpacked_packages
    CARETTA_CHART_TOOLS=$(tests/chart/fetch-tools.sh) CARETTA_CLUSTER_TOOLS=$(tests/cluster/fetch-kubernetes.sh) suite_xunit Caretta.Chart.Tests
}

setup_page() {
    # shellcheck disable=SC2086
    need $browser_packages
}

# The page in a browser, against a published agent.
page_suite() {
    [[ $EUID == 0 ]] || die "the page's tests start agents and make network namespaces: run them as root (sudo ./build.sh $command)"
    # shellcheck disable=SC2086
    need_unpacked $unpacked_packages
    suite_lines page tests/page/run.sh
}

# vm_suites [SCENARIO…]
vm_suites() {
    local series
    for series in $kernels; do
        suite_lines "kernel-$series" tests/kernels/run.sh "$series" "$@"
        suite_lines "loader-$series" tests/kernels/loader.sh "$series"
    done
}

# ---- Benchmarks ---------------------------------------------------------------------------------------------------

bench_packages="iproute2=ip nftables=/usr/sbin/nft debian-archive-keyring=/usr/share/keyrings/debian-archive-keyring.gpg"
full_bench_packages="qemu-system-x86=qemu-system-x86_64 busybox-static=busybox cpio=cpio"

# measure FILE WHAT…: figures of the whole agent and of its parts, to the file.
measure() {
    local file=$1
    shift
    mkdir -p "${file%/*}"
    clang -O2 -o "$artifacts/bench/drain" bench/drain/drain.c -lbpf
    {
        bench/agent/run.sh "$@"
        "$artifacts/caretta-figures" "$artifacts/bench/drain"
    } | tee "$file" >&2
}

# full_bench FILE: everything, the longest last.
full_bench() {
    CARETTA_BENCH_SCALE=full CARETTA_BENCH_ROUNDS=15 measure "$1" sizes start footprint packets scrape viewers registry scale overhead
    bench/load/run.sh | tee -a "$1" >&2
    dotnet bench/Caretta.Benchmarks/bin/$configuration/net10.0/Caretta.Benchmarks.dll --aot --filter '*' --artifacts "$artifacts/bench/parts" >&2
    bench/agent/instructions.sh | tee -a "$1" >&2
    bench/agent/run.sh soak | tee -a "$1" >&2
}

# Figures that a busy machine blurs get a second chance.
bench_check() {
    local figures=$artifacts/bench/check.tsv
    measure "$figures" check
    bench/check.sh bench/budget.tsv "$figures" >"$artifacts/bench/check.log" || {
        say "Beyond the budget: measuring again"
        measure "$figures" check
        bench/check.sh bench/budget.tsv "$figures" >"$artifacts/bench/check.log" || true
    }
    cat "$artifacts/bench/check.log"
    ! grep -q '^not ok' "$artifacts/bench/check.log"
}

bench_suite() {
    [[ $EUID == 0 ]] || die "the benchmarks start agents: run them as root (sudo ./build.sh $command)"
    # shellcheck disable=SC2086
    need $bench_packages
    suite_lines bench bench_check
}

# ---- Commands -----------------------------------------------------------------------------------------------------

usage() {
    cat <<'TEXT'
usage: ./build.sh COMMAND

  run [FLAG…]    build the agent and start it on this machine (needs root); flags go to the agent
  publish        build the Native AOT binary artifacts/caretta
  test           everything CI runs (needs root); the last line is "N passed, M failed"
  check          before pushing: format, build, unit tests, AOT publish
  test-unit      the tests that need neither root nor a kernel
  test-kernel    the tests on this machine's kernel (needs root)
  test-cluster   the tests against a real Kubernetes API server, built the first time (needs root)
  test-chart     the tests of chart, image and dashboards (needs root)
  test-page      the page in Chromium against a real agent and store (needs root); screenshots go to artifacts/page-shots
  image          build the image from local stand-ins of its bases, to artifacts/image (needs root)
  publish-static build the image's static binary artifacts/static/caretta
  bench          what the agent costs, beside its peers, in minutes (needs root); --full takes longer, --check holds the stable
                 figures against bench/budget.tsv
  test-kernels   the tests on other kernels, in virtual machines; CARETTA_TEST_KERNELS="6.1 7.3" names them
  bpf            build artifacts/bpf/*.bpf.o
  page           build artifacts/page/*.gz, the page of the map
  clean          remove everything built here (downloads in the cache stay)
  help           this text

Packages that are missing are installed with apt-get.
TEXT
}

command=${1:-help}
shift || true
case $command in
run)
    publish
    leave # exec runs no trap
    say "Starting artifacts/caretta $*"
    exec "$artifacts/caretta" "$@"
    ;;
publish)
    publish
    ;;
bpf)
    # shellcheck disable=SC2086
    need $build_packages
    bpf
    ;;
page)
    # shellcheck disable=SC2086
    need $page_packages
    page
    ;;
setup-test)
    # shellcheck disable=SC2086
    need $build_packages $check_packages $test_packages
    # shellcheck disable=SC2086
    need_unpacked $unpacked_packages
    need_dotnet
    ;;
publish-all)
    publish
    publish_traffic
    ;;
publish-trial)
    publish_trial
    ;;
publish-figures)
    publish_figures
    ;;
publish-static)
    publish_static
    ;;
image)
    setup_build
    # shellcheck disable=SC2086
    need $chart_packages $static_packages
    image
    ;;
build)
    build
    ;;
check)
    begin
    # shellcheck disable=SC2086
    need $build_packages $check_packages
    need_dotnet
    prepare build
    suite_lines style style
    unit_suites
    prepare publish
    finish
    ;;
test-unit)
    begin
    prepare build
    unit_suites
    finish
    ;;
test-kernel)
    need_root
    begin
    prepare setup-test
    prepare build
    prepare publish-all
    kernel_suites
    finish
    ;;
setup-cluster)
    setup_cluster
    ;;
test-cluster)
    begin
    prepare setup-cluster
    prepare build
    prepare publish-all
    cluster_suite
    finish
    ;;
setup-chart)
    setup_chart
    ;;
test-chart)
    begin
    prepare setup-chart
    prepare setup-cluster
    prepare build
    prepare publish-all
    prepare image
    chart_suite
    finish
    ;;
setup-page)
    setup_page
    ;;
test-page)
    begin
    prepare setup-page
    prepare publish
    page_suite
    finish
    ;;
bench)
    case ${1:-} in
    --check)
        begin
        prepare publish
        prepare publish-figures
        bench_suite
        finish
        ;;
    --full | "")
        need_root
        # shellcheck disable=SC2086
        need $bench_packages
        publish
        publish_figures
        if [[ ${1:-} == --full ]]; then
            # shellcheck disable=SC2086
            need $full_bench_packages
            publish_trial
            build
            full_bench "$artifacts/bench/full.tsv"
        else
            measure "$artifacts/bench/figures.tsv" sizes start footprint packets scrape viewers registry scale overhead
        fi
        ;;
    *) die "bench takes --check or --full, not \"$1\"" ;;
    esac
    ;;
test-kernels)
    begin
    prepare setup-test
    prepare publish-all
    prepare publish-trial
    vm_suites
    finish
    ;;
test)
    need_root
    begin
    prepare setup-test
    prepare setup-cluster
    prepare setup-chart
    prepare setup-page
    need_dotnet
    prepare build
    prepare publish-all
    prepare publish-trial
    prepare publish-figures
    prepare image
    suite_lines style style
    unit_suites
    kernel_suites
    cluster_suite
    chart_suite
    page_suite
    bench_suite
    # shellcheck disable=SC2086
    vm_suites $ci_scenarios
    finish
    ;;
clean)
    rm -rf "$artifacts"
    find src tests bench -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} + 2>/dev/null || true
    ;;
help | -h | --help)
    usage
    ;;
*)
    usage >&2
    die "unknown command \"$command\""
    ;;
esac
