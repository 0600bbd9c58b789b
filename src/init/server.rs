//! Configurations of web servers that show a published folder as a bucket would be shown: types, caching, what is compressed already,
//! pages for folders and for what isn't there, and nothing of assetsync's own. Pure.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobBuilder;
use url::Url;

use crate::config::{Place, Target};
use crate::error::{Error, Result};
use crate::media;
use crate::name::NameStyle;
use crate::rules::{CACHE_FOR_EVER, CACHE_SHORTLY, Rule, Rules};
use crate::store::directory::OWN_FOLDER;
use crate::store::headers_file::HEADERS_FILE;

/// A web server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// <https://nginx.org>, with `ngx_http_gzip_static_module`, which Debian's packages have.
    Nginx,
    /// <https://caddyserver.com>, version 2.
    Caddy,
}

impl Server {
    /// All of them, by name.
    pub const ALL: [(&str, Server); 2] = [("nginx", Server::Nginx), ("caddy", Server::Caddy)];

    /// Returns the one of this name.
    pub fn of(name: &str) -> Option<Server> {
        let mut all = Server::ALL.into_iter();
        all.find(|(other, _)| *other == name)
            .map(|(_, server)| server)
    }

    /// Writes the configuration for a folder that `rules` publish.
    ///
    /// # Errors
    /// The target isn't a folder, or its path or `public_url` can't be written there.
    pub fn configuration(self, target: &Target, rules: &Rules) -> Result<String> {
        let site = Site::new(target, rules)?;
        Ok(match self {
            Server::Nginx => site.nginx(),
            Server::Caddy => site.caddy(),
        })
    }
}

/// Names that never get another content: a token stands for a file, for a folder, or before the extension.
const KEYED: [&str; 2] = [r"^/[a-z2-7]{26}(/|\.|$)", r"\.[a-z2-7]{26}(\.[^/.]+)?$"];

/// All that a server is told.
struct Site {
    /// Absolute.
    folder: String,
    host: String,
    port: Option<u16>,
    is_secure: bool,
    /// What URLs of the site begin with: `/`, or `/static/`.
    prefix: String,
    /// Extensions by type.
    types: BTreeMap<String, BTreeSet<String>>,
    /// Regular expressions of URL paths below the prefix, the one that counts first, with what they have.
    caching: Vec<(String, String)>,
    types_by_rule: Vec<(String, String)>,
    further: BTreeMap<String, Vec<(String, String)>>,
    not_found: Option<String>,
}

impl Site {
    fn new(target: &Target, rules: &Rules) -> Result<Site> {
        let Place::Directory(folder) = &target.place else {
            return Err(Error::usage(
                format!("The target `{}` isn't a folder", target.name),
                "a web server shows a folder: name one by `--to file:FOLDER`, or add a target with such a `url`",
            ));
        };
        let folder = std::path::absolute(folder).map_err(|e| Error::io("find", folder, e))?;
        let folder = folder.to_string_lossy().into_owned();
        // Both servers read these in quotes.
        if folder.contains(['"', '\\', '$', '{', '}', '\n']) {
            return Err(Error::usage(
                format!("`{folder}` has characters that no server reads in a path"),
                "publish into a folder with a simpler name",
            ));
        }
        let url = target.public_url.as_ref();
        let mut by_rules: Vec<&Rule> = rules.rules().collect();
        by_rules.reverse();
        let asked = by_rules.iter().filter_map(|rule| {
            let caching = rule.cache_control.clone()?;
            Some((regex(rule)?, caching))
        });
        let by_names = by_rules.iter().filter_map(|rule| {
            let caching = match rule.names? {
                NameStyle::Fingerprinted => CACHE_FOR_EVER,
                _ => CACHE_SHORTLY,
            };
            Some((regex(rule)?, caching.to_string()))
        });
        let keyed = KEYED.map(|keyed| (keyed.to_string(), CACHE_FOR_EVER.to_string()));
        let mut caching: Vec<(String, String)> =
            keyed.into_iter().chain(asked).chain(by_names).collect();
        // What comes last is what holds anyway.
        while caching
            .last()
            .is_some_and(|(_, caching)| caching == CACHE_SHORTLY)
        {
            caching.pop();
        }
        let mut further: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for rule in &by_rules {
            for (name, value) in &rule.headers {
                let values = further.entry(name.clone()).or_default();
                values.extend(regex(rule).map(|regex| (regex, value.clone())));
            }
        }
        let types_by_rule = by_rules.iter().filter_map(|rule| {
            let content_type = rule.content_type.clone()?;
            Some((regex(rule)?, content_type))
        });
        Ok(Site {
            folder,
            host: url
                .and_then(Url::host_str)
                .unwrap_or("localhost")
                .to_string(),
            port: url.and_then(Url::port),
            is_secure: url.is_some_and(|url| url.scheme() == "https"),
            prefix: url.map_or("/", Url::path).to_string(),
            types: types(rules),
            caching,
            types_by_rule: types_by_rule.collect(),
            further,
            not_found: target.host.not_found.as_ref().map(|page| page.to_string()),
        })
    }

    /// The beginning of a regular expression's match, and its rest, with the prefix where a URL has it.
    fn at(&self, regex: &str) -> String {
        match regex.strip_prefix("^/") {
            Some(rest) => format!("^{}{rest}", escaped(&self.prefix)),
            None => regex.to_string(),
        }
    }

    fn nginx(&self) -> String {
        let mut text = format!(
            "# nginx for what is published in {}: a file of its own in /etc/nginx/conf.d/, for example.\n\n",
            self.folder
        );
        text += &self.nginx_map("assetsync_caching", &self.caching, CACHE_SHORTLY);
        for (number, (_, values)) in self.further.iter().enumerate() {
            text += &self.nginx_map(&format!("assetsync_header_{number}"), values, "");
        }
        text += "server {\n";
        text += &match (self.port, self.is_secure) {
            (Some(port), false) => format!("    listen {port};\n"),
            (None, false) => "    listen 80;\n".to_string(),
            (port, true) => format!(
                "    listen 80;\n    # listen {} ssl; with ssl_certificate and ssl_certificate_key\n",
                port.unwrap_or(443)
            ),
        };
        text += &format!("    server_name {};\n", self.host);
        text += "    index index.html;\n    gzip_static on;\n    gzip_vary on;\n    types {\n";
        for (content_type, extensions) in &self.types {
            let extensions: Vec<&str> = extensions.iter().map(String::as_str).collect();
            text += &format!("        \"{content_type}\" {};\n", extensions.join(" "));
        }
        text += "    }\n    default_type application/octet-stream;\n";
        text += "    add_header Cache-Control $assetsync_caching;\n";
        for (number, (name, _)) in self.further.iter().enumerate() {
            text += &format!("    add_header {name} $assetsync_header_{number};\n");
        }
        if let Some(page) = &self.not_found {
            let page = format!("{}{}", self.prefix, crate::path::url_path(page));
            text += &format!("    error_page 403 =404 {page};\n    error_page 404 {page};\n");
        }
        let is_whole = self.prefix == "/";
        match is_whole {
            true => text += &format!("    root \"{}\";\n", self.folder),
            false => text += "    location / { return 404; }\n",
        }
        text += &format!(
            "    location = {}{HEADERS_FILE} {{ return 404; }}\n",
            self.prefix
        );
        text += &format!(
            "    location ^~ {}{OWN_FOLDER}/ {{ return 404; }}\n",
            self.prefix
        );
        for (regex, content_type) in &self.types_by_rule {
            let path = regex.trim_start_matches("^/").trim_end_matches('$');
            let alias = match is_whole {
                true => String::new(),
                false => format!(" alias \"{}/$assetsync_path\";", self.folder),
            };
            let path = match is_whole {
                true => path.to_string(),
                false => format!("(?<assetsync_path>{path})"),
            };
            text += &format!(
                "    location ~ \"^{}{path}$\" {{{alias} types {{ }} default_type \"{content_type}\"; }}\n",
                escaped(&self.prefix)
            );
        }
        text += &match is_whole {
            true => "    location / { try_files $uri $uri/ $uri.html =404; }\n".to_string(),
            false => format!(
                "    location {} {{ alias \"{}/\"; }}\n",
                self.prefix, self.folder
            ),
        };
        text + "}\n"
    }

    fn nginx_map(&self, name: &str, values: &[(String, String)], default: &str) -> String {
        let mut text = format!("map $uri ${name} {{\n    default \"{default}\";\n");
        for (regex, value) in values {
            text += &format!("    \"~{}\" {};\n", self.at(regex), in_quotes(value));
        }
        text + "}\n\n"
    }

    fn caddy(&self) -> String {
        let scheme = match self.is_secure {
            true => "https",
            false => "http",
        };
        let port = self.port.map_or(String::new(), |port| format!(":{port}"));
        let mut text = format!(
            "# Caddy for what is published in {}: a part of the Caddyfile.\n\n{scheme}://{}{port} {{\n",
            self.folder, self.host
        );
        // A route keeps its order, and of several headers of one name, the last one is sent.
        text += "\troute {\n";
        if self.prefix != "/" {
            let prefix = self.prefix.trim_end_matches('/');
            text += &format!("\t\t@outside not path {prefix}/*\n\t\terror @outside 404\n");
            text += &format!("\t\turi strip_prefix {prefix}\n");
        }
        text += &format!("\t\troot * \"{}\"\n", self.folder);
        text += &format!("\t\t@own path /{HEADERS_FILE} /{OWN_FOLDER}/*\n\t\terror @own 404\n");
        text += &format!("\t\theader Cache-Control \"{CACHE_SHORTLY}\"\n");
        for (number, (content_type, extensions)) in self.types.iter().enumerate() {
            let extensions: Vec<String> = extensions.iter().map(|e| format!("*.{e}")).collect();
            text += &format!(
                "\t\t@type_{number} path {}\n\t\theader @type_{number} Content-Type \"{content_type}\"\n",
                extensions.join(" ")
            );
        }
        let caching = self.caching.iter().map(|asked| ("Cache-Control", asked));
        let types = self.types_by_rule.iter();
        let types = types.map(|asked| ("Content-Type", asked));
        let further = self.further.iter();
        let further =
            further.flat_map(|(name, all)| all.iter().map(move |asked| (name.as_str(), asked)));
        let all: Vec<_> = caching.chain(types).chain(further).collect();
        for (number, (name, (regex, value))) in all.into_iter().rev().enumerate() {
            text += &format!(
                "\t\t@rule_{number} path_regexp {}\n\t\theader @rule_{number} {name} {}\n",
                in_quotes(regex),
                in_quotes(value)
            );
        }
        text += "\t\ttry_files {path} {path}.html\n\t\tfile_server {\n\t\t\tprecompressed gzip\n\t\t}\n\t}\n";
        text += "\thandle_errors {\n\t\theader -Cache-Control\n";
        if let Some(page) = &self.not_found {
            text += &format!(
                "\t\troot * \"{}\"\n\t\trewrite * /{}\n\t\theader Content-Type \"text/html; charset=utf-8\"\n\t\tfile_server\n",
                self.folder,
                crate::path::url_path(page)
            );
        }
        text + "\t}\n}\n"
    }
}

/// Every extension that may be published, by its type.
fn types(rules: &Rules) -> BTreeMap<String, BTreeSet<String>> {
    let mut types: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let usual = media::allowed().map(str::to_string);
    for extension in usual.chain(rules.extensions().cloned()) {
        // Names without an extension have no pattern.
        if !extension.is_empty() {
            let content_type = media::content_type(Some(&extension));
            types.entry(content_type).or_default().insert(extension);
        }
    }
    types
}

/// A regular expression for the paths of a rule, which nginx and Caddy read alike; none if they don't.
fn regex(rule: &Rule) -> Option<String> {
    let pattern = rule.pattern();
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .ok()?;
    let regex = glob.regex().strip_prefix("(?-u)^")?.to_string();
    let is_simple = pattern.is_ascii() && !regex.contains(['"', '`', '{', '}', '\n']);
    is_simple.then(|| format!("^/{regex}"))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() && !"/-_".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A word in quotes, as both servers read it.
fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}
