//! Copies inside of the storage
//! (<https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite>): one that is large takes
//! several requests.

use serde_json::json;

use super::insert::check_conditions;
use super::*;

/// More than this isn't copied at once.
const AT_ONCE_BYTES: usize = 1 << 20;

impl State {
    pub(super) fn rewrite(&mut self, call: &Call, from: (&str, &str), to: (&str, &str)) -> Outcome {
        accept(
            call,
            &[
                COMMON,
                CONDITIONS,
                "ifSourceGenerationMatch destinationPredefinedAcl rewriteToken",
            ],
        )?;
        let caller = self.caller(call)?;
        let source = Object::clone(self.existing(from.0)?.read(caller, from.1)?);
        let generation = call.parameter("ifSourceGenerationMatch");
        if let Some(generation) = generation.map(number::<u64>).transpose()?
            && generation != source.generation
        {
            let message = "At least one of the pre-conditions you specified did not hold.";
            return refuse(412, "conditionNotMet", message);
        }
        self.existing(to.0)?
            .authorize(caller, Setup::NoCreate, None)?;
        let live = self.existing(to.0)?.objects.get(to.1).map(Arc::as_ref);
        check_conditions(&call.parameters, live)?;
        if source.bytes.len() > AT_ONCE_BYTES && call.parameter("rewriteToken").is_none() {
            let answer = json!({ "kind": "storage#rewriteResponse", "done": false, "rewriteToken": "go on" });
            return Ok(json_reply(200, &answer));
        }
        let is_json = call.header("content-type").unwrap_or_default();
        require(is_json.starts_with("application/json"), "Content-Type")?;
        let mut object: Object = serde_json::from_slice(&call.body)
            .or_else(|error| invalid(format!("Metadata: {error}")))?;
        require(object.name.is_empty() || object.name == to.1, "name")?;
        to.1.clone_into(&mut object.name);
        object.bytes = source.bytes.clone();
        object.acl = call
            .parameter("destinationPredefinedAcl")
            .map(str::to_owned);
        self.existing(to.0)?.check_acl(object.acl.as_deref())?;
        self.take_turn(to.0, to.1)?;
        let object = self.store(to.0, object);
        let resource = resource(to.0, &object, &call.parameters);
        let answer =
            json!({ "kind": "storage#rewriteResponse", "done": true, "resource": resource });
        Ok(json_reply(200, &answer))
    }
}
