{{/* Name of the chart or what replaces it. */}}
{{- define "caretta.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Names of what has no namespace: unique among the releases of a cluster. */}}
{{- define "caretta.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := include "caretta.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Names within the namespace. Others look the DaemonSet up as "caretta", whatever the release is called. */}}
{{- define "caretta.workload" -}}
{{- default (include "caretta.name" .) .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "caretta.serviceAccount" -}}
{{- default (include "caretta.workload" .) .Values.serviceAccount.name }}
{{- end }}

{{/* As the original's: a DaemonSet's selector cannot change in an upgrade. */}}
{{- define "caretta.selector" -}}
app: caretta
app.kubernetes.io/name: {{ include "caretta.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "caretta.labels" -}}
{{ include "caretta.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: agent
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "caretta.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The store behind the map of the cluster; the subchart's service stands in the same namespace. */}}
{{- define "caretta.prometheusUrl" -}}
{{- if .Values.map.prometheusUrl }}
{{- .Values.map.prometheusUrl }}
{{- else if index .Values "victoria-metrics-single" "enabled" }}
{{- printf "http://%s:8428" (include "vm.server" (index .Subcharts "victoria-metrics-single")) }}
{{- end }}
{{- end }}

{{- define "caretta.isOpenShift" -}}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}true{{ end }}
{{- end }}

{{/* Before 5.8 CAP_SYS_ADMIN holds what is now CAP_BPF and CAP_PERFMON, and a runtime of that age may not know the new names. */}}
{{- define "caretta.capabilities" -}}
{{- if .Values.oldKernels -}}
[NET_ADMIN, SYS_ADMIN, SYS_RESOURCE]
{{- else -}}
[BPF, NET_ADMIN, PERFMON]
{{- end }}
{{- end }}

{{/*
The container's security context: what the agent needs, with the user's own fields over it.

Root, because capabilities of a container reach a process of another user only through file capabilities, and those are void
under no_new_privs (allowPrivilegeEscalation: false).

Seccomp: in RuntimeDefault, bpf(2) passes for CAP_BPF from containerd 1.7 on, which Kubernetes 1.28 and later are deployed with.
CRI-O, which OpenShift uses, asked for CAP_SYS_ADMIN until the end of 2025.
*/}}
{{- define "caretta.securityContext" -}}
{{- $seccomp := "Unconfined" }}
{{- if and (semverCompare ">=1.28.0-0" .Capabilities.KubeVersion.Version) (not (include "caretta.isOpenShift" .)) }}
{{- $seccomp = "RuntimeDefault" }}
{{- end }}
{{- $own := default dict .Values.securityContext }}
{{- $base := dict
      "runAsUser" 0
      "runAsGroup" 0
      "readOnlyRootFilesystem" true
      "capabilities" (dict "drop" (list "ALL") "add" (include "caretta.capabilities" . | fromYamlArray))
      "seccompProfile" (dict "type" $seccomp)
      "seLinuxOptions" (dict "type" "spc_t") }}
{{- if not $own.privileged }}
{{- $_ := set $base "allowPrivilegeEscalation" false }}
{{- end }}
{{- mergeOverwrite $base $own | toYaml }}
{{- end }}

{{/* What both monitors say about the agents' page; endpointAdditionalProperties lies over it. */}}
{{- define "caretta.endpoint" -}}
{{- $endpoint := dict
      "port" "prom-metrics"
      "scheme" "http"
      "path" .root.Values.prometheusEndpoint
      "honorLabels" .monitor.honorLabels
      "relabelings" (list
        (dict "sourceLabels" (list "__meta_kubernetes_pod_name") "targetLabel" "caretta_pod")
        (dict "sourceLabels" (list "__meta_kubernetes_pod_node_name") "targetLabel" "caretta_node")) }}
{{- if .monitor.interval }}
{{- $_ := set $endpoint "interval" .monitor.interval }}
{{- end }}
{{- mergeOverwrite $endpoint (default dict .monitor.endpointAdditionalProperties) | toYaml }}
{{- end }}
