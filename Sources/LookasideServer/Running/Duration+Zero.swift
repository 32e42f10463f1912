extension Duration {
    /// The duration, or `nil` for the zero that stands for "never" or "for ever" in a configuration.
    var orNilIfZero: Duration? { self == .zero ? nil : self }
}
