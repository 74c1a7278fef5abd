{{/* Names and labels are the upstream chart's, so that a release can change over from it: a selector cannot be changed. */}}
{{- define "vm.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "vm.server" -}}
{{- if .Values.server.fullnameOverride }}
{{- .Values.server.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s-%s" .Release.Name (include "vm.name" .) .Values.server.name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "vm.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "vm.server" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "vm.selector" -}}
app: {{ .Values.server.name }}
app.kubernetes.io/name: {{ include "vm.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "vm.labels" -}}
{{ include "vm.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "vm.scrapeConfigMap" -}}
{{- default (printf "%s-scrapeconfig" (include "vm.server" .)) .Values.server.scrape.configMap }}
{{- end }}
