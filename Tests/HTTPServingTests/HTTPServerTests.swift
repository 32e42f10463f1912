import Testing

/// The tests against a running server, one at a time: they are many threads each, and some depend on time.
@Suite(.serialized) enum HTTPServerTests {}
