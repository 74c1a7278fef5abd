#!/usr/bin/env bash
# image.sh DIRECTORY: builds the image as Dockerfile.distroless says, and leaves in DIRECTORY
#
#   rootfs/          the file system in it
#   config.json      its configuration (OCI image configuration)
#   compressed       bytes that a node pulls
#   unpacked         bytes that it takes there
#
# The base images cannot be had where the tests run. In their place stand images of the same names that are all but empty; this
# machine's /usr is mounted into the build, and has the same tools. What is built does not depend on that: the last stage is
# made from scratch. Needs root and buildah.
set -euo pipefail

out=$(readlink -m "$1")
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
mkdir -p "$out"
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# A storage of its own: the machine's images are left alone.
tool() { buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }

stand_in() { # NAME
    local container root
    container=$(tool from scratch)
    root=$(tool mount "$container")
    mkdir -p "$root"/{etc,proc,dev,sys,tmp,root,src,usr,var/tmp}
    chmod 1777 "$root/tmp" "$root/var/tmp"
    for link in bin sbin lib lib64; do ln -s "usr/$link" "$root/$link"; done
    cp /etc/passwd /etc/group /etc/nsswitch.conf "$root/etc/"
    tool config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env HOME=/root "$container"
    tool commit --quiet "$container" "$1" >/dev/null
    tool rm "$container" >/dev/null
}

argument() { sed -nE "s/^ARG $1=(.*)$/\1/p" Dockerfile.distroless; }

stand_in "$(argument CLANG_IMAGE)"
stand_in "$(argument PAGE_IMAGE)"
stand_in "$(argument SDK_IMAGE)"

home=${HOME:-/root}
mounts=(--volume /usr:/usr:ro)
for path in /etc/ssl /etc/alternatives "$home/.nuget" "$home/.dotnet" "${DOTNET_ROOT:-}"; do
    [[ -d $path && $path != /usr/* ]] || continue
    mounts+=(--volume "$path:$path")
done
mapfile -t environment < <(env | sed -nE 's/^((NUGET|DOTNET|SSL|CARETTA|Nuget|Restore|npm_config|NPM_CONFIG)[A-Za-z_]*)=.*/--env=\1/p')

tool build --quiet --isolation chroot --pull-never --layers=false --format oci "${mounts[@]}" "${environment[@]}" \
    --build-arg "AotFramework=${AotFramework:-net9.0}" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || true)" \
    --file Dockerfile.distroless --tag caretta . >&2

rm -rf "$out/rootfs" "$out/config.json" "$work/oci"
tool push --quiet caretta "oci:$work/oci:caretta"
blob() { echo "$work/oci/blobs/${1/://}"; }
manifest=$(blob "$(jq -r '.manifests[0].digest' "$work/oci/index.json")")
mkdir "$out/rootfs"
compressed=0
while read -r digest size; do
    tar -x -z -f "$(blob "$digest")" -C "$out/rootfs"
    compressed=$((compressed + size))
done < <(jq -r '.layers[] | "\(.digest) \(.size)"' "$manifest")
echo "$compressed" >"$out/compressed"
du -sb --apparent-size "$out/rootfs" | cut -f1 >"$out/unpacked"
cp "$(blob "$(jq -r .config.digest "$manifest")")" "$out/config.json"
echo "image.sh: $((compressed / 1000)) kB compressed, $(($(<"$out/unpacked") / 1000)) kB unpacked" >&2
