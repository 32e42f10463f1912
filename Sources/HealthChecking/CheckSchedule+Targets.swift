package import Balancing

extension CheckSchedule {
    /// Says what a service wants probed, in place of what it said before; an empty list removes it.
    ///
    /// A target that the service did not have is probed at once, and then in a rhythm of its own; at a cold start, and when only interval or timeout have
    /// changed, first probes are spread over the interval instead. The results of probes in flight of targets that nobody wants any more are dropped.
    package mutating func setTargets(
        of service: String,
        _ peers: [CheckedPeer],
        settings: HealthCheckSettings,
        isColdStart: Bool,
        at now: Instant,
        using generator: inout some RandomNumberGenerator
    ) {
        let old = services[service]
        let oldSlots = old?.slots ?? []
        let keepsTiming = old.map { $0.interval == settings.interval && $0.timeout == settings.timeout } ?? true
        let known = keepsTiming ? [] : Set(oldSlots.compactMap { slots[$0]?.key.target })

        var newSlots = Set<Int>(minimumCapacity: peers.count)
        for target in settings.isEnabled ? peers.compactMap(ProbeTarget.init) : [] {
            let key = Slot.Key(target: target, interval: max(settings.interval, .milliseconds(1)), timeout: settings.timeout)
            let (index, isNew) = slot(for: key, jitter: settings.jitter, at: now, using: &generator)
            guard newSlots.insert(index).inserted, !oldSlots.contains(index) else { continue }
            subscribe(service, to: index, isNew: isNew, atOnce: !isColdStart && !known.contains(target), now)
        }
        for index in oldSlots where !newSlots.contains(index) {
            unsubscribe(service, from: index)
        }
        services[service] = newSlots.isEmpty ? nil : Service(interval: settings.interval, timeout: settings.timeout, slots: newSlots)
        dropInvalidEntries()
    }

    private mutating func slot(
        for key: Slot.Key,
        jitter: Double,
        at now: Instant,
        using generator: inout some RandomNumberGenerator
    ) -> (index: Int, isNew: Bool) {
        if let index = slotOfKey[key] {
            slots[index]?.jitter = jitter
            return (index, false)
        }
        let slot = Slot(key: key, jitter: jitter, at: now, using: &generator)
        let index = freeSlots.popLast() ?? slots.count
        if index == slots.count {
            slots.append(slot)
        } else {
            slots[index] = slot
        }
        slotOfKey[key] = index
        statistics.targets = slotOfKey.count
        return (index, true)
    }

    private mutating func subscribe(_ service: String, to index: Int, isNew: Bool, atOnce: Bool, _ now: Instant) {
        guard var slot = slots[index] else { return }
        let due = slot.due
        slot.subscribers.append(service)
        // A probe in flight serves the new service too, unless it was made for others who have gone.
        if atOnce, !slot.isInFlight || slot.dropsResult {
            slot.probeAtOnce(now)
        }
        slots[index] = slot
        if !slot.isInFlight, isNew || slot.due != due {
            enqueue(index)
        }
    }

    private mutating func unsubscribe(_ service: String, from index: Int) {
        slots[index]?.subscribers.removeAll { $0 == service }
        guard let slot = slots[index], slot.subscribers.isEmpty else { return }
        if slot.isInFlight {
            // It keeps its place until then, so that a target that comes back is not probed twice at a time.
            slots[index]?.dropsResult = true
        } else {
            free(index)
        }
    }
}
