// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Small questions to the admin ports of services on this machine.
public enum Health {
    /// Whether `url` answers 200 within a second.
    public static func isReady(_ url: String) async -> Bool {
        let answer = try? await HTTPClient.shared.execute(
            HTTPClientRequest(url: url), timeout: .seconds(1))
        return answer?.status == .ok
    }

    /// Posts without a body; returns whether it was taken.
    static func post(_ url: String) async -> Bool {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        let answer = try? await HTTPClient.shared.execute(request, timeout: .seconds(10))
        return answer.map { (200..<300).contains(Int($0.status.code)) } ?? false
    }
}
