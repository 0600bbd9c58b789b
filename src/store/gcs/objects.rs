//! Single objects on Google Cloud Storage as their owner sees them: headers and ACLs, read and
//! corrected. See <https://cloud.google.com/storage/docs/json_api/v1/objects>.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FIELDS, Gcs, Item, encode, is_missing, parse};
use crate::base::path::ObjectKey;
use crate::store::control::{Grant, Observed, Public, Right, RuleKind};
use crate::store::http::Call;
use crate::store::kept::{Kept, SERVED_HEADERS, Served};
use crate::store::location::Access;
use crate::store::{StoreError, StoreErrorKind, TOKEN_METADATA, object_called};

/// Fields that are read in addition to [`FIELDS`].
const FURTHER_FIELDS: &str = "metageneration,contentType,cacheControl,contentEncoding,contentDisposition,contentLanguage,acl";

/// ACL that gives strangers no rights.
pub(super) const PRIVATE: &str = "projectPrivate";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(flatten)]
    item: Item,
    #[serde(default)]
    metageneration: String,
    content_type: Option<String>,
    cache_control: Option<String>,
    content_encoding: Option<String>,
    content_disposition: Option<String>,
    content_language: Option<String>,
    #[serde(default)]
    acl: Vec<AclEntry>,
}

#[derive(Debug, Deserialize)]
struct AclEntry {
    #[serde(default)]
    entity: String,
    #[serde(default)]
    role: String,
}

impl AclEntry {
    fn grants(&self) -> Vec<Grant> {
        let to = match self.entity.as_str() {
            "allUsers" => Public::Everybody,
            "allAuthenticatedUsers" => Public::AnyAccount,
            _ => return Vec::new(),
        };
        let rights: &[Right] = match self.role.as_str() {
            "READER" => &[Right::Read],
            _ => &[Right::Read, Right::Manage],
        };
        let by = format!("{} in its ACL", crate::base::text::escape(&self.role));
        let grant = |right: &Right| Grant::of_all(to, *right, by.clone(), RuleKind::Acl);
        rights.iter().map(grant).collect()
    }
}

impl Gcs {
    pub(super) async fn examine_object(&self, key: &ObjectKey) -> Result<Option<Kept>, StoreError> {
        match self.object_resource(key, "full").await {
            // An account without the right to see ACLs can still read everything else.
            Err(error) if error.kind == StoreErrorKind::Denied => {
                let kept = self.object_resource(key, "noAcl").await?;
                let unknown = "storage.objects.getIamPolicy is needed to see its ACL";
                Ok(kept.map(|kept| Kept {
                    grants: Observed::Unknown(unknown.to_string()),
                    ..kept
                }))
            }
            told => told,
        }
    }

    async fn object_resource(
        &self,
        key: &ObjectKey,
        projection: &str,
    ) -> Result<Option<Kept>, StoreError> {
        let fields = encode(&format!("{FIELDS},{FURTHER_FIELDS}"));
        let url = format!(
            "{}?projection={projection}&fields={fields}",
            self.object_url(key.as_str())
        );
        let doing = format!("look up {}", object_called(key.as_str()));
        let call = Call::new(Method::GET, url, doing);
        let reply = self.send(&call).await?;
        if is_missing(&reply) {
            return Ok(None);
        }
        let resource: Resource = parse(&call, &self.success(&call, reply)?)?;
        let values = [
            resource.content_type,
            resource.cache_control,
            resource.content_encoding,
            resource.content_disposition,
            resource.content_language,
        ];
        let headers: BTreeMap<String, String> = SERVED_HEADERS
            .iter()
            .zip(values)
            .filter_map(|(name, value)| Some((name.to_string(), value?)))
            .collect();
        Ok(Some(Kept {
            is_version: false,
            stored: resource.item.stored(),
            headers,
            grants: Observed::Is(resource.acl.iter().flat_map(AclEntry::grants).collect()),
            accounts: Vec::new(),
            metageneration: resource.metageneration,
        }))
    }

    pub(super) async fn set_object_headers(
        &self,
        key: &ObjectKey,
        served: &Served<'_>,
        seen: &Kept,
    ) -> Result<(), StoreError> {
        let headers = served.headers();
        // A patch removes fields that are null.
        let value = |name: &str| headers.get(name).map_or(Value::Null, |text| json!(text));
        let patch = json!({
            "contentType": value("content-type"),
            "cacheControl": value("cache-control"),
            "contentEncoding": value("content-encoding"),
            "contentDisposition": value("content-disposition"),
            "contentLanguage": value("content-language"),
            "metadata": { TOKEN_METADATA: served.token.to_string() },
        });
        let doing = format!("set the headers of {}", object_called(key.as_str()));
        self.patch_object(key, &patch, "", seen, doing).await
    }

    /// Returns the ACL that the target's objects have.
    pub(super) fn acl_of_objects(&self) -> &'static str {
        match self.access() {
            Access::ObjectAcl => "publicRead",
            Access::Bucket => PRIVATE,
        }
    }

    pub(super) async fn set_object_acl(
        &self,
        key: &ObjectKey,
        acl: &str,
        seen: &Kept,
    ) -> Result<(), StoreError> {
        let doing = format!("set the ACL of {}", object_called(key.as_str()));
        let acl = format!("&predefinedAcl={acl}");
        self.patch_object(key, &json!({}), &acl, seen, doing).await
    }

    /// Changes an object's metadata, but not its bytes, if the whole object is still as it was
    /// read.
    async fn patch_object(
        &self,
        key: &ObjectKey,
        patch: &Value,
        further: &str,
        seen: &Kept,
        doing: String,
    ) -> Result<(), StoreError> {
        let url = format!(
            "{}?ifGenerationMatch={}&ifMetagenerationMatch={}{further}",
            self.object_url(key.as_str()),
            encode(&seen.stored.version.0),
            encode(&seen.metageneration),
        );
        let call = Call::new(Method::PATCH, url, doing)
            .header("content-type", "application/json; charset=utf-8")
            .body([Bytes::from(patch.to_string())])
            .changes_object();
        let reply = self.send(&call).await?;
        self.success(&call, reply).map(|_| ())
    }
}
