import Bytes
import Dispatch
import Testing

@testable import Observability

@Suite
struct MetricsRegistryTests {
    private func text(_ registry: MetricsRegistry) -> String {
        var output = ByteBuffer()
        registry.writePrometheusText(into: &output)
        return output.bytes.text
    }

    @Test
    func `a scrape adds up the shards and the other threads`() {
        let registry = MetricsRegistry(shards: 2)
        let requests = registry.counter("requests_total", help: "Requests.", labels: [MetricLabel("route", "a")])
        let open = registry.gauge("open", help: "Open connections.")
        registry.shard(0).increment(requests)
        registry.shard(1).increment(requests, by: 4)
        registry.increment(requests, by: 10)
        registry.shard(0).adjust(open, by: 3)
        registry.shard(1).adjust(open, by: -5)
        registry.adjust(open, by: 1)
        #expect(registry.value(of: requests) == 15)
        #expect(registry.value(of: open) == -1)
        #expect(
            text(registry) == """
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{route="a"} 15
                # HELP open Open connections.
                # TYPE open gauge
                open -1

                """
        )
    }

    @Test
    func `the same name and labels give the same series again`() {
        let registry = MetricsRegistry(shards: 1)
        let first = registry.counter("c", help: "C.", labels: [MetricLabel("x", "1")])
        let second = registry.counter("c", help: "C.", labels: [MetricLabel("x", "2")])
        #expect(registry.counter("c", help: "C.", labels: [MetricLabel("x", "1")]) == first)
        #expect(first != second)
        #expect(text(registry).contains("c{x=\"1\"} 0\nc{x=\"2\"} 0\n"))
    }

    @Test
    func `label values and help texts are escaped`() {
        let registry = MetricsRegistry(shards: 1)
        let labels = [MetricLabel("path", "a\\b\"c\nd"), MetricLabel("user", "é")]
        _ = registry.counter("c", help: "A \\ and\nan \"end\".", labels: labels)
        #expect(text(registry).contains("# HELP c A \\\\ and\\nan \"end\".\n"))
        #expect(text(registry).contains("c{path=\"a\\\\b\\\"c\\nd\",user=\"é\"} 0\n"))
    }

    @Test
    func `a read gauge is asked at each scrape and goes with its family's readers`() {
        let registry = MetricsRegistry(shards: 1)
        registry.gauge("up", help: "Up.", labels: [MetricLabel("server", "a")]) { 1 }
        registry.gauge("up", help: "Up.", labels: [MetricLabel("server", "a")]) { 0.25 }
        registry.gauge("odd", help: "Odd.", labels: [MetricLabel("n", "1")]) { .infinity }
        registry.gauge("odd", help: "Odd.", labels: [MetricLabel("n", "2")]) { .nan }
        registry.gauge("odd", help: "Odd.", labels: [MetricLabel("n", "3")]) { -.infinity }
        #expect(text(registry).contains("up{server=\"a\"} 0.25\n"))
        #expect(text(registry).contains("odd{n=\"1\"} +Inf\nodd{n=\"2\"} NaN\nodd{n=\"3\"} -Inf\n"))
        registry.removeReaders(of: "up")
        #expect(!text(registry).contains("up"))
        registry.gauge("up", help: "Up.", labels: [MetricLabel("server", "b")]) { 1 }
        #expect(text(registry).contains("up{server=\"b\"} 1\n"))
    }

    @Test
    func `a histogram shows cumulated buckets, the sum in seconds and the count`() {
        let registry = MetricsRegistry(shards: 2)
        let histogram = registry.durationHistogram("t_seconds", help: "T.", labels: [MetricLabel("r", "a")])
        registry.shard(0).record(100_000, in: histogram)
        registry.shard(1).record(100_001, in: histogram)
        registry.shard(1).record(2_000_000_000, in: histogram)
        registry.shard(1).record(500_000_000_000, in: histogram)
        let lines = text(registry).split(separator: "\n")
        #expect(lines[1] == "# TYPE t_seconds histogram")
        #expect(lines[2] == "t_seconds_bucket{r=\"a\",le=\"0.0001\"} 1")
        #expect(lines[3] == "t_seconds_bucket{r=\"a\",le=\"0.00025\"} 2")
        #expect(lines.contains("t_seconds_bucket{r=\"a\",le=\"1\"} 2"))
        #expect(lines.contains("t_seconds_bucket{r=\"a\",le=\"2.5\"} 3"))
        #expect(lines.contains("t_seconds_bucket{r=\"a\",le=\"100\"} 3"))
        #expect(lines.suffix(3).first == "t_seconds_bucket{r=\"a\",le=\"+Inf\"} 4")
        #expect(lines.suffix(2).first == "t_seconds_sum{r=\"a\"} 502.000200001")
        #expect(lines.last == "t_seconds_count{r=\"a\"} 4")
    }

    @Test
    func `series beyond one block of cells keep their own counts`() {
        let registry = MetricsRegistry(shards: 1)
        let shard = registry.shard(0)
        let histograms = (0..<2500).map { number in
            registry.durationHistogram("t_seconds", help: "T.", labels: [MetricLabel("route", String(number))])
        }
        #expect((histograms.last?.cell ?? 0) > 2 * CellArena.blockSize)
        for histogram in histograms { shard.record(1, in: histogram) }
        #expect(histograms.allSatisfy { registry.distribution(of: $0).count == 1 })
    }

    @Test
    func `scrapes while loops count see every count in the end`() {
        let registry = MetricsRegistry(shards: 4)
        let counter = registry.counter("c", help: "C.")
        DispatchQueue.concurrentPerform(iterations: 5) { index in
            if index == 4 {
                for number in 0..<50 {
                    _ = registry.counter("other", help: "O.", labels: [MetricLabel("n", String(number))])
                    _ = text(registry)
                }
            } else {
                let shard = registry.shard(index)
                for _ in 0..<10_000 { shard.increment(counter) }
            }
        }
        #expect(registry.value(of: counter) == 40_000)
    }
}
