import Foundation

/// Whether tests that take more than ten seconds run too: `deploy/test --slow` sets `LOOKASIDE_SLOW_TESTS=1`.
package let runsSlowTests = ProcessInfo.processInfo.environment["LOOKASIDE_SLOW_TESTS"] == "1"
