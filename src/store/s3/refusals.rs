//! Refusals of S3 as error messages, with advice.

use http::{Method, StatusCode};

use super::S3;
use super::cors::CORS;
use super::documents::error_document;
use super::region::{is_redirect, other_server, region_named};
use crate::store::http::{Call, Reply, in_words};
use crate::store::location::Access;
use crate::store::{StoreError, StoreErrorKind, UNKNOWN_HINT};

impl S3 {
    /// Returns the error message for a refusal, with advice.
    pub(super) fn explain(&self, call: &Call, reply: &Reply) -> StoreError {
        use StoreErrorKind::*;
        let error = error_document(reply).unwrap_or_default();
        let bucket = &self.bucket;
        let words = match error.code.as_str() {
            "" => in_words(reply),
            code if error.message.is_empty() => code.to_string(),
            code => format!("{code}: {}", crate::base::text::escape(&error.message)),
        };
        let code = error.code.clone();
        let cause = format!("{} {code}", reply.status);
        let told = |kind, hint: String| {
            let kind = reply.kind(call, kind);
            let error = StoreError::new(kind, format!("Cannot {}: {words}", call.doing));
            let status = reply.status.as_u16();
            error.cause(&cause).answered(status, &code).hint(hint)
        };
        match (error.code.as_str(), reply.status) {
            ("AccessControlListNotSupported", _) => told(
                AclRefused,
                format!("the bucket `{bucket}` does not accept ACLs: set `access = \"bucket\"`, and allow s3:GetObject in a bucket policy"),
            ),
            ("NoSuchBucket", _) => {
                told(NoBucket, format!("create the bucket `{bucket}` first, or correct the target's `url`, `region` or `endpoint`"))
            }
            ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _) => {
                told(Region, match region_named(reply) {
                    Some(region) => format!("the bucket is in another region: set `region = \"{region}\"`"),
                    None => "the bucket is in another region: set `region`".to_string(),
                })
            }
            (_, status) if is_redirect(status) => told(Region, match (region_named(reply), other_server(&call.url, reply)) {
                (Some(region), _) => format!("the bucket is in another region: set `region = \"{region}\"`"),
                (None, Some(server)) => format!(
                    "the server redirects to {server}, but assetsync sends credentials only to the configured server. \
                     If {server} is your storage, set `endpoint` to it, and set its `region`"
                ),
                (None, None) => "the bucket is in another region: set `region`".to_string(),
            }),
            ("SignatureDoesNotMatch", _) => told(
                Credentials,
                "correct the secret access key. If it is right, a proxy alters the requests: bypass it (NO_PROXY)".to_string(),
            ),
            ("RequestTimeTooSkewed", _) => told(Clock, "correct this machine's clock".to_string()),
            ("InvalidAccessKeyId" | "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", _)
            | (_, StatusCode::UNAUTHORIZED) => {
                told(Credentials, "the storage rejects these credentials; `aws sts get-caller-identity` shows which are in use".to_string())
            }
            ("AccessDenied", _) | (_, StatusCode::FORBIDDEN) => told(Denied, self.permission_hint(call)),
            ("NotImplemented" | "MethodNotAllowed", _) | (_, StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED)
                if is_about_cors(call) =>
            {
                told(Other, "this server doesn't support CORS policies: ask its operator to set the headers, or set them in a proxy in front of it".to_string())
            }
            ("NotImplemented", _) | (_, StatusCode::NOT_IMPLEMENTED) => {
                let header = if is_over(call) { "If-Match" } else { "If-None-Match" };
                told(Other, format!("this server doesn't support conditional writes (`{header}`), which assetsync requires: use a newer version of it, or another server"))
            }
            // The object to be overwritten or deleted is gone: another run deleted it, or a first
            // try succeeded before.
            ("NoSuchKey", _) if is_over(call) && reply.is_second_answer => told(OutcomeUnknown, UNKNOWN_HINT.to_string()),
            ("NoSuchKey", _) if is_over(call) => told(Precondition, String::new()),
            // The first try may have made this object.
            (_, StatusCode::PRECONDITION_FAILED) if reply.is_second_answer => told(OutcomeUnknown, String::new()),
            (_, StatusCode::PRECONDITION_FAILED) => told(Precondition, String::new()),
            _ => told(Other, String::new()),
        }
    }

    fn permission_hint(&self, call: &Call) -> String {
        let needed = match call.method {
            Method::GET if is_about_cors(call) => "s3:GetBucketCORS is needed",
            _ if is_about_cors(call) => "s3:PutBucketCORS is needed",
            Method::PUT | Method::POST if self.access == Access::ObjectAcl => {
                return format!(
                    "s3:PutObject and s3:PutObjectAcl are needed for `{}`, \
                     and BlockPublicAcls must be off in the public access blocks of the bucket and the account",
                    self.bucket
                );
            }
            Method::PUT | Method::POST => "s3:PutObject is needed",
            Method::HEAD => "s3:GetObject is needed",
            Method::DELETE if call.url.contains("?uploadId=") => {
                "s3:AbortMultipartUpload is needed"
            }
            Method::DELETE => "s3:DeleteObject is needed",
            _ if call.url.contains("?list-type=") => "s3:ListBucket is needed",
            _ => {
                "s3:GetObject and s3:ListBucket are needed (without s3:ListBucket, a missing object looks forbidden)"
            }
        };
        format!("{needed} for `{}`", self.bucket)
    }
}

/// Returns true if a call overwrites or deletes an object.
fn is_over(call: &Call) -> bool {
    call.headers.contains_key("if-match")
}

fn is_about_cors(call: &Call) -> bool {
    call.url.ends_with(CORS)
}
