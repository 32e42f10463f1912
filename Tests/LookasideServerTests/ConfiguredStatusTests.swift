import Balancing
import Testing

@testable import LookasideServer

struct ConfiguredStatusTests {
    @Test(arguments: [("[503]", "503"), ("[5xx]", "500-599"), ("[\"1xx\", 500-599]", "100-199, 500-599"), ("[404-404, 404]", "404"), ("[]", "")])
    func `statuses are read from a list`(text: String, statuses: String) throws {
        #expect(try Configuration.valid("log_check: {failure_status: \(text)}").defaults.logCheck.failureStatus.description == statuses)
    }

    @Test(arguments: [
        "99", "600", "\"503\"", "503.0", "0xx", "6xx", "5XX", "xx", "5x", "500-", "-599", "599-500", "500-600", "500 - 599", "500-5999", "~", "[5xx]",
    ])
    func `what is no status is refused`(text: String) {
        let errors = Configuration.errors("log_check: {failure_status: [\(text)]}")
        #expect(errors.count == 1)
        #expect(errors.first?.hasSuffix("expected a status such as 503, 5xx or 500-599, from 100 to 599") == true)
    }
}
