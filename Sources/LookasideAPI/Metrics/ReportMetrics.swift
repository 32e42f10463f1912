/// The metrics of reports.
enum ReportMetrics {
    /// Writes the metrics of reports.
    static func write(_ counters: ReportCounters, to text: inout Exposition) {
        text.single("lookaside_reports_total", .counter, "Reports whose items were judged.", counters.reports)

        text.describe("lookaside_report_items_total", .counter, "Items of reports, accepted or rejected with the code of the reason.")
        for (result, count) in [("accepted", counters.accepted)] + counters.rejected {
            text.sample("lookaside_report_items_total", Exposition.Labels("result", result), count)
        }
    }
}
