import Bytes
import Testing

@testable import Observability

@Suite
struct AuthorizationMetricsTests {
    @Test
    func `log-ins are counted by outcome and tokens by grant type, all there from the start`() {
        let registry = MetricsRegistry(shards: 1)
        let metrics = registry.authorizationMetrics(grantTypes: ["authorization_code", "refresh_token"])
        metrics.countLogin(.succeeded)
        metrics.countLogin(.throttled)
        metrics.countLogin(.throttled)
        metrics.countTokens(grantType: "refresh_token")
        metrics.countTokens(grantType: "made up by a client")
        var output = ByteBuffer()
        registry.writePrometheusText(into: &output)
        #expect(
            output.bytes.text == """
                # HELP gatehouse_logins_total Log-ins, by outcome.
                # TYPE gatehouse_logins_total counter
                gatehouse_logins_total{outcome="succeeded"} 1
                gatehouse_logins_total{outcome="failed"} 0
                gatehouse_logins_total{outcome="throttled"} 2
                gatehouse_logins_total{outcome="busy"} 0
                # HELP gatehouse_tokens_total Answers of the token endpoint that carried tokens, by grant type.
                # TYPE gatehouse_tokens_total counter
                gatehouse_tokens_total{grant_type="authorization_code"} 0
                gatehouse_tokens_total{grant_type="refresh_token"} 1

                """
        )
    }

    @Test
    func `registering again goes on with the same counts`() {
        let registry = MetricsRegistry(shards: 1)
        registry.authorizationMetrics(grantTypes: []).countLogin(.failed)
        registry.authorizationMetrics(grantTypes: []).countLogin(.failed)
        var output = ByteBuffer()
        registry.writePrometheusText(into: &output)
        #expect(output.bytes.text.contains(#"gatehouse_logins_total{outcome="failed"} 2"#))
    }
}
