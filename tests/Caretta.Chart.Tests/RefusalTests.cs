using Caretta.Chart.Tests.Support;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>A slip in the values is refused by name, before anything is installed.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("enableDnsResolvng", "enableDnsResolvng=true")]
    [InlineData("prometheusPort", "prometheusPort=http")]
    [InlineData("prometheusPort", "prometheusPort=70000")]
    [InlineData("prometheusEndpoint", "prometheusEndpoint=metrics")]
    [InlineData("prometheusEndpoint", "prometheusEndpoint=/healthz")]
    [InlineData("pollIntervalSeconds", "pollIntervalSeconds=0")]
    [InlineData("pollIntervalSeconds", "pollIntervalSeconds=5s")]
    [InlineData("traverseUpHierarchy", "traverseUpHierarchy=sometimes")]
    [InlineData("serviceAs", "serviceAs=pod")]
    [InlineData("maxLinks", "maxLinks=0")]
    [InlineData("linkMetrics", "linkMetrics=bytes")]
    [InlineData("enabled", "map.enabled=1")]
    [InlineData("prometheusUrl", "map.prometheusUrl=caretta-vm:8428")]
    [InlineData("url", "map.url=http://caretta-vm:8428")]
    [InlineData("pullPolicy", "image.pullPolicy=Sometimes")]
    [InlineData("tagg", "image.tagg=1")]
    [InlineData("digest", "image.digest=latest")]
    [InlineData("limit", "resources.limit.memory=1Gi")]
    [InlineData("sccEnabled", "rbac.sccEnabled=1")]
    [InlineData("capabilites", "securityContext.capabilites.add={BPF}")]
    [InlineData("effect", "tolerations[0].effect=NoSchedul")]
    [InlineData("period", "livenessProbe.period=3")]
    [InlineData("interval", "podMonitor.interval=often")]
    [InlineData("enabld", "victoria-metrics-single.enabld=true", "victoria-metrics-single")]
    [InlineData("size", "victoria-metrics-single.server.persistentVolume.size=true")]
    [InlineData("sizes", "victoria-metrics-single.server.persistentVolume.sizes=1Gi")]
    [InlineData("adminPasword", "grafana.adminPasword=x")]
    [InlineData("service", "grafana.service.type=Cluster")]
    [InlineData("labelValues", "grafana.sidecar.dashboards.labelValues=x")]
    [InlineData("podMonitor.enabled", "podMonitor.enabled=true,serviceMonitor.enabled=true", "serviceMonitor.enabled")]
    [InlineData("serviceAccount.name", "serviceAccount.create=false")]
    [InlineData("allowPrivilegeEscalation", "securityContext.privileged=true,securityContext.allowPrivilegeEscalation=false")]
    [InlineData("podLabels.app", "podLabels.app=other")]
    public async Task It_names_the_key(string name, string set, string alsoNamed = "")
    {
        (int code, _, string error) = await Helm.RunAsync(
            TestContext.Current.CancellationToken, "template", "caretta", Helm.Chart, "--kube-version", Helm.KubeVersion, "--set", set);

        Assert.True(code != 0, $"{set} was taken");
        Assert.Contains(name, error, StringComparison.Ordinal);
        Assert.Contains(alsoNamed, error, StringComparison.Ordinal);
    }
}
