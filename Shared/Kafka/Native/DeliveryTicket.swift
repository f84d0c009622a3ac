// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka
internal import Synchronization

/// One batch on its way: collects the answer for each record and wakes the sender at the last.
///
/// Each record given to librdkafka retains the ticket once; its delivery report gives that back.
final class DeliveryTicket: @unchecked Sendable {
    typealias Outcome = Result<KafkaPosition, KafkaError>
    typealias Outcomes = Result<[Outcome], KafkaError>

    /// What librdkafka carries as its opaque pointer: lies in `slots`, so it costs nothing extra.
    struct Slot {
        let ticket: Unmanaged<DeliveryTicket>
        let index: Int
        let bytes: Int
    }

    private struct State {
        var outcomes: [Outcome]
        var remaining: Int
        var isCancelled = false
        var waiter: CheckedContinuation<Outcomes, Never>?
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let state: Mutex<State>

    init(count: Int) {
        slots = .allocate(capacity: max(1, count))
        let pending = [Outcome](repeating: .failure(.closed), count: count)
        state = Mutex(State(outcomes: pending, remaining: count))
    }

    deinit { slots.deallocate() }  // slots are plain words: nothing to deinitialize

    /// Retains the ticket for record `index`.
    func opaque(_ index: Int, bytes: Int) -> UnsafeMutableRawPointer {
        let slot = slots + index
        slot.initialize(
            to: Slot(ticket: .passRetained(self), index: index, bytes: bytes))
        return UnsafeMutableRawPointer(slot)
    }

    /// Gives back what `opaque` retained.
    static func redeem(_ opaque: UnsafeMutableRawPointer) -> (DeliveryTicket, Slot) {
        let slot = opaque.assumingMemoryBound(to: Slot.self).pointee
        return (slot.ticket.takeRetainedValue(), slot)
    }

    func settle(_ index: Int, _ outcome: Outcome) {
        let done = state.withLock { state -> (CheckedContinuation<Outcomes, Never>, [Outcome])? in
            state.outcomes[index] = outcome
            state.remaining -= 1
            guard state.remaining == 0, let waiter = state.waiter else { return nil }
            state.waiter = nil
            return (waiter, state.outcomes)
        }
        if let (waiter, outcomes) = done { waiter.resume(returning: .success(outcomes)) }
    }

    /// Waits for the last answer; cancellation ends the wait, not the delivery.
    func outcomes() async -> Outcomes {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Outcomes? in
                    if state.remaining == 0 { return .success(state.outcomes) }
                    if state.isCancelled { return .failure(.cancelled) }
                    state.waiter = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Outcomes, Never>? in
                state.isCancelled = true
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: .failure(.cancelled))
        }
    }
}
