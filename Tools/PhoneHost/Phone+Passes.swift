// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import DeviceOEM
internal import Foundation
public import Identifiers
internal import PKI
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// The pass of a key; none where its automaker made none, or the key has ended.
    public func pass(of key: KeyID) throws -> WalletPass? {
        guard hasPass(key), let jws = try passes.read(key) else { return nil }
        return try checked(jws, of: key, at: nil)
    }

    /// Brings the passes of registered keys up to date (F11, F25). A pass is an ornament: what goes
    /// wrong is said in a line, keeps nothing else from being done, and is tried again next time.
    func fetchPasses(
        _ partners: PartnerClient, except known: [KeyID], _ report: inout SyncReport
    ) async throws {
        for ended in card.state.ended { try? passes.remove(ended.id) }
        var silent: Set<String> = []
        for key in card.state.keys
        where key.receipt != nil && hasPass(key.id) && !known.contains(key.id)
            && !silent.contains(key.automaker)
        {
            do {
                if let news = try await fetchPass(of: key, partners) { report.done.append(news) }
            } catch let error as CancellationError {
                throw error
            } catch {
                if case DeviceOEMError.unreachable = error { silent.insert(key.automaker) }
                let reason = Sentence.of(error).split(separator: "\n").first ?? ""
                report.waiting.append(
                    "the pass of the key for \(vehicleName(of: key.id)) has not come: \(reason)")
            }
        }
    }

    /// Returns what to tell of it, if it changed.
    private func fetchPass(of key: WalletKey, _ partners: PartnerClient) async throws -> String? {
        let automaker = try maker.automaker(key.automaker)
        guard automaker.server != nil else { return nil }
        // A pass that cannot be read is fetched anew.
        let held = try? pass(of: key.id)
        switch try await partners.keyPass(
            of: key.id, unless: held?.content.revision, from: automaker)
        {
        case .unchanged: return nil
        case .none:
            try passes.remove(key.id)
            return held.map { _ in "the pass of the key for \(vehicleName(of: key.id)) is void" }
        case .signed(let jws):
            let pass = try checked(jws, of: key.id, at: clock.now)
            try passes.write(jws, of: key.id)
            let state = pass.content.state.rawValue.lowercased()
            return "the wallet has the pass of the key for \(vehicleName(of: key.id)): \(state)"
        }
    }

    private func checked(_ jws: String, of key: KeyID, at now: Instant?) throws -> WalletPass {
        let name = try card.state.key(key).automaker
        let known = card.state.automakers.first { $0.name == name }
        return try WalletPass(
            checking: jws, of: key, root: KeyCertificate(pem: maker.automaker(name).root),
            signatureKeys: known?.signatureKeys ?? [], at: now)
    }

    private func hasPass(_ key: KeyID) -> Bool {
        [.active, .suspended].contains(card.element.phase(of: key))
    }

    var passes: PassFolder { PassFolder(folder: PrivateFolder(folder.appending(path: "passes"))) }
}
