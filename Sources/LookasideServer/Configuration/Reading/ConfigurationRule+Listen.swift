extension ConfigurationRule where Value == Configuration.Listen {
    static var listen: Self {
        Self { value throws(Mismatch) in
            guard case .string(let text) = value.kind, let listen = Value(text) else { throw Mismatch(expected: Value.expected) }
            return listen
        }
    }
}
