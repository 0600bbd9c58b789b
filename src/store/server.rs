//! Storage that answers a request. Servers that speak S3 need different advice; nothing else
//! depends on this.

use http::{HeaderMap, header};

use super::http::text;

/// Storage, recognised by its address or its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Amazon S3.
    Amazon,
    /// Google Cloud Storage.
    Google,
    /// Ceph's radosgw.
    Ceph,
    /// MinIO.
    Minio,
    /// Cloudflare R2.
    R2,
    /// Garage.
    Garage,
    /// moto, for tests.
    Moto,
    /// Any other, or one that isn't recognised yet.
    Unknown,
}

/// Services that are recognised by the end of their hosts' names.
const HOSTS: [(&str, Server); 4] = [
    (".amazonaws.com", Server::Amazon),
    (".amazonaws.com.cn", Server::Amazon),
    (".r2.cloudflarestorage.com", Server::R2),
    ("storage.googleapis.com", Server::Google),
];

/// Beginnings of the names that servers give themselves.
const NAMES: [(&str, Server); 6] = [
    ("AmazonS3", Server::Amazon),
    ("MinIO", Server::Minio),
    ("Ceph", Server::Ceph),
    ("Garage", Server::Garage),
    ("Werkzeug", Server::Moto),
    ("UploadServer", Server::Google),
];

impl Server {
    /// Recognises the server that answered with these headers at `host`, which may have a port.
    pub(super) fn of(host: &str, headers: &HeaderMap) -> Server {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_at = |(end, _): &&(&str, Server)| name.ends_with(end);
        if let Some((_, server)) = HOSTS.iter().find(is_at) {
            return *server;
        }
        let called = text(headers, header::SERVER.as_str()).unwrap_or_default();
        let is_called = |(begin, _): &&(&str, Server)| called.starts_with(begin);
        if let Some((_, server)) = NAMES.iter().find(is_called) {
            return *server;
        }
        // Older versions of Ceph don't name themselves.
        if text(headers, "x-amz-request-id").is_some_and(is_id_of_ceph) {
            Server::Ceph
        } else {
            Server::Unknown
        }
    }

    /// Returns the server's usual name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Server::Amazon => "Amazon S3",
            Server::Google => "Google Cloud Storage",
            Server::Ceph => "Ceph's radosgw",
            Server::Minio => "MinIO",
            Server::R2 => "Cloudflare R2",
            Server::Garage => "Garage",
            Server::Moto => "moto",
            Server::Unknown => "this server",
        }
    }
}

/// Recognises a request id of Ceph: `tx` and 21 digits, the time, the zone's number and its name
/// (<https://github.com/ceph/ceph/blob/v16.2.15/src/rgw/rgw_zone.cc>, `unique_trans_id`).
fn is_id_of_ceph(id: &str) -> bool {
    let is_hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
    let mut parts = id.splitn(4, '-');
    let (Some(first), Some(time), Some(zone)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let count = first.strip_prefix("tx").unwrap_or_default();
    count.len() == 21 && is_hex(count) && is_hex(time) && is_hex(zone) && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server is identified by its address and the headers of its answer.
    #[test]
    fn host_and_headers_identify_server() {
        let of = |host: &str, told: &[(&'static str, &str)]| {
            let headers = told.iter().map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, value.parse().expect("a value"))
            });
            Server::of(host, &headers.collect())
        };
        let id = |id| ("x-amz-request-id", id);
        let ceph = id("tx00000904ee7761742a9ac-006b0b6bc8-100a-default");
        for (host, told, server) in [
            ("hunt.s3.eu-west-1.amazonaws.com", vec![], Server::Amazon),
            ("s3.cn-north-1.amazonaws.com.cn", vec![], Server::Amazon),
            (
                "x.r2.cloudflarestorage.com",
                vec![("server", "cloudflare")],
                Server::R2,
            ),
            (
                "proxy.example:8080",
                vec![("server", "AmazonS3")],
                Server::Amazon,
            ),
            (
                "10.0.0.1:9000",
                vec![("server", "MinIO"), id("17D8C0F3A5B7E2D1")],
                Server::Minio,
            ),
            ("127.0.0.1:20480", vec![ceph], Server::Ceph),
            (
                "s3.example",
                vec![("server", "Ceph Object Gateway (squid)")],
                Server::Ceph,
            ),
            (
                "127.0.0.1:5000",
                vec![("server", "Werkzeug/3.1.3 Python/3.13.5")],
                Server::Moto,
            ),
            ("amazonaws.com.example", vec![], Server::Unknown),
            (
                "s3.example",
                vec![("server", "nginx"), id("txt-1-2-3")],
                Server::Unknown,
            ),
        ] {
            assert_eq!(of(host, &told), server, "{host} {told:?}");
        }
    }
}
