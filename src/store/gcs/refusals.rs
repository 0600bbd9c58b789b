//! Refusals of Google's storage as error messages, with advice.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::Gcs;
use crate::store::http::{Call, Reply, in_words};
use crate::store::location::Access;
use crate::store::{StoreError, StoreErrorKind};

impl Gcs {
    pub(super) fn explain(&self, call: &Call, reply: &Reply) -> StoreError {
        use StoreErrorKind::*;
        let bucket = &self.bucket;
        let told: ErrorReply = serde_json::from_slice(&reply.body).unwrap_or_default();
        let words = match told.error.message.as_str() {
            "" => in_words(reply),
            message => crate::base::text::escape(message),
        };
        let reason = told.error.errors.first().map_or("", |first| &first.reason);
        let explained = |kind, hint: String| {
            let kind = reply.kind(call, kind);
            let error = StoreError::new(kind, format!("Cannot {}: {words}", call.doing));
            // The answer's text names the object.
            let error = error.cause(reply.status.to_string()).hint(hint);
            error.answered(reply.status.as_u16(), reason)
        };
        match reply.status {
            // Only the text of the answer says what these two are about: their reasons are
            // `invalid` and `conditionNotMet`.
            StatusCode::BAD_REQUEST if words.contains("uniform bucket-level access") => explained(
                AclRefused,
                format!("the bucket `{bucket}` has uniform access and does not accept ACLs: set `access = \"bucket\"`, then run `assetsync access apply` for this target, which lets everybody read"),
            ),
            StatusCode::PRECONDITION_FAILED if words.contains("publicAccessPrevention") || words.contains("public access prevention") => {
                explained(AclRefused, format!("the bucket `{bucket}` forbids public objects (public access prevention): allow them with `gcloud storage buckets update gs://{bucket} --no-public-access-prevention`, or set `access = \"bucket\"` to send no ACLs"))
            }
            // The first try may have made this object.
            StatusCode::PRECONDITION_FAILED if reply.is_second_answer => explained(OutcomeUnknown, String::new()),
            StatusCode::PRECONDITION_FAILED => explained(Precondition, String::new()),
            StatusCode::NOT_FOUND => explained(NoBucket, format!("create the bucket `{bucket}` first, or correct the target's `url`")),
            StatusCode::UNAUTHORIZED => {
                explained(Credentials, "the storage rejects these credentials; renew them with `gcloud auth application-default login`".to_string())
            }
            StatusCode::FORBIDDEN => explained(Denied, format!("{} for `{bucket}`", self.permission(call))),
            _ => explained(Other, String::new()),
        }
    }

    fn permission(&self, call: &Call) -> &'static str {
        match (&call.method, self.access) {
            (&Method::DELETE, _) => "storage.objects.delete is needed",
            (&Method::PATCH, _) => {
                "storage.objects.update, and storage.objects.setIamPolicy for ACLs, are needed"
            }
            (&Method::GET, _) if call.url.contains("/o?") => "storage.objects.list is needed",
            (&Method::GET, _) => "storage.objects.get is needed",
            (_, Access::ObjectAcl) => {
                "storage.objects.create, storage.objects.setIamPolicy and storage.objects.delete (to replace plain names) are needed"
            }
            _ => {
                "storage.objects.create and storage.objects.delete (to replace `root.json` of the releases, and objects with plain names) are needed"
            }
        }
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct ErrorReply {
    error: ErrorBody,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct ErrorBody {
    message: String,
    errors: Vec<Reason>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Reason {
    reason: String,
}
