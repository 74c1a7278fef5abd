#!/usr/bin/env bash
# fetch-kubernetes.sh: makes sure that etcd, kube-apiserver and kube-controller-manager are in the cache, and prints the path of
# their directory.
#
# etcd comes out of its Debian package. Of Kubernetes there is no binary package: its servers are built from Debian's source
# package, which carries everything it imports, with the Go compiler of the same release. That takes six minutes of processor
# time, once. Everything is downloaded with an apt state of its own and unpacked, never installed: no server starts by itself.
set -euo pipefail

# The archive replaces versions all the time: a release is named, not a version. Count up when the recipe below changes.
release=bookworm
recipe=1
go=1.19
servers="kube-apiserver kube-controller-manager"

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/private-apt.sh
. "$here/../private-apt.sh"
cache=$caretta_cache/cluster
tools=$cache/$release-$recipe

# Last written: what holds it is whole.
if [[ -s $tools/version ]]; then
    echo "$tools"
    exit 0
fi

say() { echo "fetch-kubernetes.sh: $*" >&2; }

private_apt "$cache/apt" <<SOURCES
deb @ARCHIVE@/debian $release main
deb-src @ARCHIVE@/debian $release main
SOURCES

# The sources and the compiler's results take 1.5 GB.
enter_work "$cache"

say "downloading"
unpack_packages etcd-server "golang-$go-go" "golang-$go-src" golang-github-modern-go-reflect2-dev
apt-get "${apt[@]}" source --download-only kubernetes >/dev/null
source=$work/go/src/k8s.io/kubernetes
mkdir -p "$source"
tar -x -f kubernetes_*.orig.tar.* -C "$source" --strip-components 1
version=$(sed -nE 's/^Version: *([^ ]*)$/\1/p' kubernetes_*.dsc | head -n 1)
# 1.20.5+really1.20.2-1 is 1.20.2.
upstream=${version##*really}
upstream=${upstream%%-*}

# The vendored reflect2 1.0.1 reaches into the runtime of compilers before Go 1.18 and no longer links.
reflect2=vendor/github.com/modern-go/reflect2
rm -rf "${source:?}/$reflect2"
cp -r "root/usr/share/gocode/src/github.com/modern-go/reflect2" "$source/$reflect2"

use_go "$go"
export GOPATH=$work/go
cd "$source"

# The one generated file that the source package leaves out: the types' description for /openapi/v2. The inputs are the packages
# that ask for it, as build/root/Makefile.generated_files finds them.
say "generating the description of the types of Kubernetes $upstream"
nice go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
inputs=$(grep -rl --include='*.go' '+k8s:openapi-gen=' staging/src/k8s.io pkg cmd |
    grep -Ev '^staging/src/k8s.io/(code-generator|sample-apiserver|sample-controller)/|_test\.go$|/testdata/' |
    xargs -n 1 dirname | LC_ALL=C sort -u | sed 's#^staging/src/#k8s.io/kubernetes/vendor/#; t; s#^#k8s.io/kubernetes/#' | paste -s -d ,)
nice "$work/openapi-gen" --logtostderr -i "$inputs" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/violations"

stamp=k8s.io/component-base/version
for server in $servers; do
    say "building $server $upstream"
    nice go build -o "$work/out/$server" -ldflags "-s -w -X $stamp.gitVersion=v$upstream -X $stamp.gitMajor=${upstream%%.*} \
        -X $stamp.gitMinor=$(cut -d. -f2 <<<"$upstream")" "./cmd/$server"
done

cp "$work/root/usr/bin/etcd" "$work/out/"
for server in $servers; do
    "$work/out/$server" --version >/dev/null
done
rm -rf "$tools"
mv "$work/out" "$tools"
echo "$version" >"$tools/version"
say "$(du -sh "$tools" | cut -f1) in $tools"
echo "$tools"
