// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import Hummingbird

extension Request {
    /// Entity tags of `If-Match` or `If-None-Match`, as they were sent (RFC 9110, 13.1).
    public func entityTags(_ name: HTTPField.Name) -> [String] {
        (headers[name] ?? "").split(separator: ",")
            .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
    }
}
