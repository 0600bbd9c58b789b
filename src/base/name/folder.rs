//! Names of keyed folders, format v1: from everything that a browser sees of all files in a folder
//! to one [`Token`], which all of them have before their place in the folder. Pure.
//!
//! ```text
//! K      = blake3::derive_key("assetsync 2026-11-28 folder name v1", secret)
//! msg    = LP("v1") LP(logical path of the folder, without a slash at its end) LP(u64le(m)), then of each of m members, sorted by
//!          the bytes of its path in the folder:
//!            LP(path in the folder) LP(blake3(content)) LP(content-type) LP(encoding policy) LP(cache-control)
//!            LP(u64le(n)), then LP(name) LP(value) of each of n further headers, sorted
//! token  = base32, lower case, of the first 16 bytes of keyed_hash(K, msg): 26 characters
//! key    = token "/" path in the folder
//! ```
//!
//! `LP` and the hash of the content are those of files' names. What leads out of the folder is
//! rewritten before it's hashed; what stays in it is as it was written. In a circle through a
//! folder, the digest of the circle ([`super::Component`], of all files of its folders and all its
//! other files) stands for each member's content. The format is frozen:
//! `tests/data/names/folders-v1.json` holds vectors made by an independent program.

use super::{Headers, Secret, Token, commit, length_prefixed};
use crate::base::path::{BadName, ObjectKey};

pub(super) const CONTEXT: &str = "assetsync 2026-11-28 folder name v1";

/// A file of a keyed folder.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its path in the folder.
    pub path: &'a str,
    /// The hash of its content, as published, before gzip.
    pub content: blake3::Hash,
    /// Headers that it's served with.
    pub headers: &'a Headers,
}

/// Returns the token of the folder at the logical path `folder` (without a slash at its end; empty
/// for the whole tree) that has these members, in any order.
pub fn folder_token(secret: &Secret, folder: &str, mut members: Vec<Member<'_>>) -> Token {
    members.sort_unstable_by_key(|member| member.path.as_bytes());
    let mut hasher = blake3::Hasher::new_keyed(&secret.folder_key);
    length_prefixed(&mut hasher, b"v1");
    length_prefixed(&mut hasher, folder.as_bytes());
    length_prefixed(&mut hasher, &(members.len() as u64).to_le_bytes());
    for Member {
        path,
        content,
        headers,
    } in members
    {
        commit(&mut hasher, path, &content, headers);
    }
    Token::first_of(&hasher.finalize())
}

/// Returns the key of the member at `path` of the folder with this token.
///
/// # Errors
/// The key is too long, or the path holds what no key may hold.
pub fn member_key(token: Token, path: &str) -> Result<ObjectKey, BadName> {
    ObjectKey::parse(&format!("{token}/{path}"))
}

/// Splits the key of a member into the folder's token and the path in it; none if it isn't one.
pub fn split_member(key: &str) -> Option<(Token, &str)> {
    let (token, path) = key.split_once('/')?;
    Some((Token::parse(token)?, path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use data_encoding::HEXLOWER;
    use serde::Deserialize;

    use super::*;
    use crate::base::name::EncodingPolicy;

    #[derive(Deserialize)]
    struct Vectors {
        secret_hex: String,
        folders: Vec<Folder>,
    }

    #[derive(Deserialize)]
    struct Folder {
        folder: String,
        token: String,
        members: BTreeMap<String, File>,
    }

    #[derive(Deserialize)]
    struct File {
        content_hex: String,
        content_type: String,
        encoding: EncodingPolicy,
        cache_control: String,
        further: Vec<(String, String)>,
    }

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.as_bytes()).expect("hex")
    }

    /// Folder tokens match all vectors of an independent implementation.
    #[test]
    fn folder_tokens_match_independent_vectors() {
        let vectors = include_str!("../../../tests/data/names/folders-v1.json");
        let vectors: Vectors = serde_json::from_str(vectors).expect("the fixture is JSON");
        let secret = Secret::new(&hex(&vectors.secret_hex)).expect("long enough");
        assert!(!vectors.folders.is_empty());
        for folder in &vectors.folders {
            let members: Vec<(&str, blake3::Hash, Headers)> = folder
                .members
                .iter()
                .map(|(path, file)| {
                    let headers = Headers {
                        content_type: file.content_type.clone(),
                        cache_control: file.cache_control.clone(),
                        encoding: file.encoding,
                        further: file.further.iter().cloned().collect(),
                    };
                    (
                        path.as_str(),
                        blake3::hash(&hex(&file.content_hex)),
                        headers,
                    )
                })
                .collect();
            let members = members.iter().rev().map(|(path, content, headers)| Member {
                path,
                content: *content,
                headers,
            });
            let token = folder_token(&secret, &folder.folder, members.collect());
            assert_eq!(token.to_string(), folder.token, "{}", folder.folder);
        }
    }

    /// The key of a folder's member is told apart from other keys.
    #[test]
    fn folder_member_is_told_from_others() {
        let key = member_key(Token::ZERO, "img/1.png").expect("a key");
        assert_eq!(key.as_str(), "aaaaaaaaaaaaaaaaaaaaaaaaaa/img/1.png");
        assert_eq!(split_member(key.as_str()), Some((Token::ZERO, "img/1.png")));
        for other in ["aaaaaaaaaaaaaaaaaaaaaaaaaa.png", "puzzle/img/1.png"] {
            assert_eq!(split_member(other), None, "{other}");
        }
    }
}
