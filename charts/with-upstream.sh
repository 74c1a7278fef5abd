#!/usr/bin/env bash
# with-upstream.sh DIRECTORY: copies the chart to DIRECTORY, with the charts that VictoriaMetrics and Grafana's community publish in
# place of the small ones beside it, and downloads them. The values mean the same.
#
#   HELM=…         another helm
#   OFFLINE=1      write the chart and download nothing: helm dependency update does it later
set -euo pipefail

victoria_metrics=0.12.4
grafana=11.1.0

target=$1
[[ ! -e $target ]] || {
    echo "with-upstream.sh: $target is there already" >&2
    exit 1
}
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cp -R "$here/caretta" "$target"
rm -rf "$target/charts"
sed -i '/^# Both lie in charts/,$d' "$target/Chart.yaml"
cat >>"$target/Chart.yaml" <<YAML
dependencies:
  - name: victoria-metrics-single
    version: $victoria_metrics
    repository: https://victoriametrics.github.io/helm-charts
    condition: victoria-metrics-single.enabled
  - name: grafana
    version: $grafana
    repository: https://grafana-community.github.io/helm-charts
    condition: grafana.enabled
YAML
[[ -n ${OFFLINE:-} ]] || "${HELM:-helm}" dependency update "$target"
