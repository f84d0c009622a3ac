// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Identifiers
public import KeyProtocol
public import PKI
internal import ServiceKit

/// An automaker this device OEM works with: its bundle, read leniently and checked strictly.
///
/// Bundles of other makes are welcome: members beyond the mandatory ones may be missing, null or
/// empty, and members nobody knows are ignored.
public struct ImportedAutomaker: Codable, Equatable, Sendable {
    /// For instance `development`.
    public let environment: String
    /// The automaker's identifier; names it everywhere.
    public let vehicleOemId: String
    /// PEM of [J].
    public let root: String
    /// PEM of brand or regional certificates.
    public let intermediates: [String]
    /// PEM of [F].
    public let externalCA: String
    /// PEM of [P].
    public let encryption: String
    /// PEM of [Q].
    public let signature: String
    /// Base URL of the partner API, without a slash at the end.
    public let server: String?
    /// PEM of the root of the partner API's TLS certificates; none means `root`.
    public let tlsRoot: String?
    /// What its readers call themselves in polling frames.
    public let readerMake: ReaderMake?

    /// Bytes of the largest bundle that is read.
    public static let sizeLimit = 1 << 20

    /// Reads a bundle file; the refusal names the member at fault.
    public init(parsing data: Data) throws(DeviceOEMError) {
        guard data.count <= Self.sizeLimit else { throw .bundle("it has more than 1 MiB") }
        let members: Members
        do {
            members = try JSONDecoder().decode(Members.self, from: data)
        } catch DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty {
            throw .bundle(
                "the member \(context.codingPath.map(\.stringValue).joined(separator: ".")) has the wrong type"
            )
        } catch {
            throw .bundle("it is no JSON object")
        }
        environment = try Self.required(members.environment, "environment")
        vehicleOemId = try Self.required(members.vehicleOemId, "vehicleOemId")
        root = try Self.required(members.root, "root")
        externalCA = try Self.required(members.externalCA, "externalCA")
        encryption = try Self.required(members.encryption, "encryption")
        signature = try Self.required(members.signature, "signature")
        intermediates = try Self.blocks(members.intermediates?.texts ?? [])
        server = try Self.url(members.server)
        tlsRoot = try Self.tlsRoot(members.tlsRoot)
        readerMake = try Self.readerMake(members.readerMake)
        guard vehicleOemId.utf8.count <= 64,
            vehicleOemId.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw .bundle("vehicleOemId is no identifier of up to 64 characters") }
    }

    /// The certificates, checked against each other and against `deviceRoot` (PROTOCOL 11.5).
    public func certificates(
        deviceRoot: KeyCertificate, at time: Instant?
    ) throws(DeviceOEMError) -> AutomakerCertificates {
        do throws(PKIError) {
            return try AutomakerCertificates(
                root: root, intermediates: intermediates, externalCA: externalCA,
                encryption: encryption, signature: signature, deviceRoot: deviceRoot, at: time)
        } catch { throw .bundle("\(error)") }
    }

    /// PEM under which its servers and clients present themselves.
    var transportRoots: [UInt8] { Array((tlsRoot ?? root).utf8) }

    /// A file name for any identifier.
    static func fileName(of vehicleOemId: String) -> String {
        let plain = CharacterSet(charactersIn: "-_").union(.alphanumerics)
        let name = vehicleOemId.addingPercentEncoding(withAllowedCharacters: plain)
        return (name ?? Array(vehicleOemId.utf8).hex) + ".json"
    }
}

extension ImportedAutomaker {
    /// One text, several, or nothing.
    private enum Texts: Decodable {
        case one(String)
        case several([String?])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .one(text)
            } else {
                self = .several(try container.decode([String?].self))
            }
        }

        var texts: [String] {
            switch self {
            case .one(let text): text.isEmpty ? [] : [text]
            case .several(let texts): texts.compactMap(\.self).filter { !$0.isEmpty }
            }
        }
    }

    private struct Members: Decodable {
        let environment, vehicleOemId, root, externalCA, encryption, signature: String?
        let intermediates: Texts?
        let server, tlsRoot, readerMake: String?
    }

    private static func required(
        _ text: String?, _ name: String
    ) throws(DeviceOEMError) -> String {
        guard let text, !text.isEmpty else { throw .bundle("the member \(name) is missing") }
        return text
    }

    /// One PEM text per certificate, also when somebody put several into one.
    private static func blocks(_ texts: [String]) throws(DeviceOEMError) -> [String] {
        var blocks: [String] = []
        for text in texts {
            do throws(PKIError) {
                blocks += try PEM.certificates(text).map { PEM.text(ofCertificate: $0) }
            } catch { throw .bundle("intermediates: \(error)") }
        }
        return blocks
    }

    private static func url(_ text: String?) throws(DeviceOEMError) -> String? {
        guard var text, !text.isEmpty else { return nil }
        while text.hasSuffix("/") { text.removeLast() }
        guard let url = URLComponents(string: text), url.scheme?.lowercased() == "https",
            url.host?.isEmpty == false, url.query == nil, url.fragment == nil, url.user == nil
        else { throw .bundle("server is no https:// address") }
        return text
    }

    private static func readerMake(_ text: String?) throws(DeviceOEMError) -> ReaderMake? {
        guard let text, !text.isEmpty else { return nil }
        guard let make = ReaderMake(text) else {
            throw .bundle("readerMake is not three hexadecimal digits")
        }
        return make
    }

    private static func tlsRoot(_ text: String?) throws(DeviceOEMError) -> String? {
        guard let text, !text.isEmpty else { return nil }
        guard (try? ClientRoot.all(name: "", pem: Array(text.utf8))) != nil else {
            throw .bundle("tlsRoot is no certificate in PEM")
        }
        return text
    }
}
