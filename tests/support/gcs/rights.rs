//! Who may do what: the account by its rights, strangers by what the bucket grants.

use super::*;

impl State {
    pub(super) fn issue_token(&mut self) -> String {
        self.tokens_issued += 1;
        format!("test-token-{}", self.tokens_issued)
    }

    pub(super) fn grant(&mut self, call: &Call) -> Outcome {
        let form = form(&call.body);
        let field = |name| form.get(name).map_or("", String::as_str);
        let secrets = ["client_id", "client_secret", "refresh_token"];
        let error = match field("grant_type") {
            "refresh_token" if secrets.iter().all(|name| !field(name).is_empty()) => None,
            JWT_BEARER if field("assertion").split('.').count() == 3 => None,
            "refresh_token" | JWT_BEARER => Some("invalid_grant"),
            _ => Some("unsupported_grant_type"),
        };
        if let Some(error) = error {
            return Ok(json_reply(400, &json!({"error": error})));
        }
        Ok(self.token_reply())
    }

    /// The metadata server of Google's machines, where `GCE_METADATA_HOST` names this one.
    pub(super) fn grant_to_machine(&mut self, call: &Call) -> Outcome {
        match call.header("metadata-flavor") {
            Some("Google") => Ok(self.token_reply()),
            _ => refuse(403, "", "Missing Metadata-Flavor:Google header."),
        }
    }

    fn token_reply(&mut self) -> Reply {
        let token = self.issue_token();
        let body = json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"});
        json_reply(200, &body)
    }

    /// Without a token the JSON API takes anyone for the account, unless tokens are required.
    pub(super) fn caller(&self, call: &Call) -> Outcome<Caller> {
        match call.header("authorization") {
            None if self.token_required || !is_json_api(call) => Ok(Caller::Anonymous),
            Some(header) if self.token_required && !self.is_valid(header) => {
                refuse(401, "authError", "Invalid Credentials")
            }
            _ => Ok(Caller::Account),
        }
    }

    fn is_valid(&self, header: &str) -> bool {
        let number = header.strip_prefix("Bearer test-token-");
        let number = number.and_then(|number| number.parse::<u64>().ok());
        number.is_some_and(|number| self.tokens_expired < number && number <= self.tokens_issued)
    }

    pub(super) fn existing(&self, bucket: &str) -> Outcome<&Bucket> {
        let missing = || refuse(404, "notFound", "The specified bucket does not exist.");
        self.buckets.get(bucket).map_or_else(missing, Ok)
    }
}

impl Bucket {
    /// Refuses what `lack` denies to the account, and nearly all to strangers.
    pub(super) fn authorize(
        &self,
        caller: Caller,
        lack: Setup,
        object: Option<&Object>,
    ) -> Outcome<()> {
        let has_acl = |object: &Object| object.acl.as_deref() == Some("publicRead");
        let is_public = |object: &Object| {
            self.is(Setup::Public) || (has_acl(object) && !self.is(Setup::Uniform))
        };
        let (allowed, status, reason, who) = match (caller, lack) {
            (Caller::Account, _) => (!self.is(lack), 403, "forbidden", "tester@example.com"),
            (Caller::Anonymous, _) => {
                let allowed = match lack {
                    _ if self.is(Setup::PreventPublicAccess) => false,
                    Setup::NoGet => object.is_some_and(is_public),
                    Setup::NoCreate => self.is(Setup::Writable),
                    Setup::NoOverwrite => self.is(Setup::Deletable),
                    _ => lack == Setup::NoList && self.is(Setup::Listable),
                };
                (allowed, 401, "required", "Anonymous caller")
            }
        };
        if allowed {
            return Ok(());
        }
        let (permission, target) = match lack {
            Setup::NoCreate => ("storage.objects.create", "object"),
            Setup::NoOverwrite => ("storage.objects.delete", "object"),
            Setup::NoGet => ("storage.objects.get", "object"),
            Setup::NoList => ("storage.objects.list", "bucket"),
            _ => ("storage.buckets.get", "bucket"),
        };
        let message = format!(
            "{who} does not have {permission} access to the Google Cloud Storage {target}. \
             Permission '{permission}' denied on resource (or it may not exist)."
        );
        refuse(status, reason, message)
    }

    pub(super) fn read(&self, caller: Caller, name: &str) -> Outcome<&Object> {
        let Some(object) = self.objects.get(name) else {
            // Only who can list may learn that an object does not exist.
            self.authorize(caller, Setup::NoList, None)?;
            return refuse(404, "notFound", format!("No such object: {name}"));
        };
        self.authorize(caller, Setup::NoGet, Some(object))?;
        Ok(object)
    }
}
