//! Configurations of web servers that show a published folder as a bucket would be shown. They set
//! types, caching, compression, and pages for folders and for names that don't exist. They hide
//! assetsync's own files. Pure.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobBuilder;
use url::Url;

use crate::base::coding::{self, EncodingRule};
use crate::base::error::{Error, Result};
use crate::base::hint::Verb;
use crate::base::media;
use crate::base::name::{CACHE_FOR_EVER, CACHE_SHORTLY};
use crate::base::name::{CONTENT_ENCODING, NameStyle};
use crate::config::Target;
use crate::rules::{Rule, Rules};
use crate::store::directory::OWN_FOLDER;
use crate::store::directory::headers_file::HEADERS_FILE;

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

    /// Returns what prints its configuration.
    pub fn verb(self) -> Verb {
        match self {
            Server::Nginx => Verb::InitNginx,
            Server::Caddy => Verb::InitCaddy,
        }
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

/// Names that never get another content: a token stands for a file, for a folder, or before the
/// extension.
const KEYED: [&str; 2] = [r"^/[a-z2-7]{26}(/|\.|$)", r"\.[a-z2-7]{26}(\.[^/.]+)?$"];

/// All that a server is told.
struct Site {
    /// Absolute.
    folder: String,
    host: String,
    port: Option<u16>,
    is_secure: bool,
    /// Beginning of the site's URLs: `/`, or `/static/`.
    prefix: String,
    /// Extensions by type.
    types: BTreeMap<String, BTreeSet<String>>,
    /// Regular expressions of URL paths below the prefix, the one that counts first, with what they
    /// have.
    caching: Vec<(String, String)>,
    types_by_rule: Vec<(String, String)>,
    further: BTreeMap<String, Vec<(String, String)>>,
    not_found: Option<String>,
}

impl Site {
    fn new(target: &Target, rules: &Rules) -> Result<Site> {
        let folder = folder(target)?;
        let url = target.public_url.as_ref();
        let mut by_rules: Vec<&Rule> = rules.rules().collect();
        by_rules.reverse();
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
            caching: caching(&by_rules),
            types_by_rule: types_by_rule(&by_rules),
            further: further(&by_rules),
            not_found: target.host.not_found.as_ref().map(|page| page.to_string()),
        })
    }

    /// The beginning of a regular expression's match, and its rest, with the prefix where a URL has
    /// it.
    fn at(&self, regex: &str) -> String {
        match regex.strip_prefix("^/") {
            Some(rest) => format!("^{}{rest}", escaped(&self.prefix)),
            None => regex.to_string(),
        }
    }

    fn nginx(&self) -> String {
        let mut maps = self.nginx_map("assetsync_caching", &self.caching, CACHE_SHORTLY);
        for (number, (_, values)) in self.further.iter().enumerate() {
            maps += &self.nginx_map(&format!("assetsync_header_{number}"), values, "");
        }
        let types = self.types.iter().map(|(content_type, extensions)| {
            let extensions: Vec<&str> = extensions.iter().map(String::as_str).collect();
            format!("        \"{content_type}\" {};\n", extensions.join(" "))
        });
        let further = self.further.keys().enumerate();
        let further = further
            .map(|(number, name)| format!("    add_header {name} $assetsync_header_{number};\n"));
        let not_found = self.not_found.as_ref().map(|page| {
            let page = format!("{}{}", self.prefix, crate::base::path::url_path(page));
            format!("    error_page 403 =404 {page};\n    error_page 404 {page};\n")
        });
        [
            format!(
                "# nginx configuration for {}: save it as a separate file, for example in /etc/nginx/conf.d/.\n\n",
                self.folder
            ),
            maps,
            "server {\n".to_string(),
            self.nginx_listen(),
            "    index index.html;\n    gzip_static on;\n    gzip_vary on;\n    types {\n".to_string(),
            types.collect(),
            "    }\n    default_type application/octet-stream;\n".to_string(),
            "    add_header Cache-Control $assetsync_caching;\n".to_string(),
            further.collect(),
            not_found.unwrap_or_default(),
            self.nginx_locations(),
            "}\n".to_string(),
        ]
        .concat()
    }

    fn nginx_listen(&self) -> String {
        let listen = match (self.port, self.is_secure) {
            (Some(port), false) => format!("    listen {port};\n"),
            (None, false) => "    listen 80;\n".to_string(),
            (port, true) => format!(
                "    listen 80;\n    # listen {} ssl; with ssl_certificate and ssl_certificate_key\n",
                port.unwrap_or(443)
            ),
        };
        format!("{listen}    server_name {};\n", self.host)
    }

    /// Returns the locations of files: at the top of the host, or below a path. In the second case,
    /// nothing else is shown.
    fn nginx_locations(&self) -> String {
        let (folder, prefix) = (&self.folder, &self.prefix);
        let is_whole = prefix == "/";
        let (top, files) = if is_whole {
            (
                format!("    root \"{folder}\";\n"),
                "    location / { try_files $uri $uri/ $uri.html =404; }\n".to_string(),
            )
        } else {
            (
                "    location / { return 404; }\n".to_string(),
                format!("    location {prefix} {{ alias \"{folder}/\"; }}\n"),
            )
        };
        let own = format!(
            "    location = {prefix}{HEADERS_FILE} {{ return 404; }}\n    location ^~ {prefix}{OWN_FOLDER}/ {{ return 404; }}\n"
        );
        let typed = self.types_by_rule.iter();
        let typed = typed.map(|(regex, content_type)| self.nginx_typed(regex, content_type));
        [top, own, typed.collect(), files].concat()
    }

    /// The location of files whose type isn't told by their extension.
    fn nginx_typed(&self, regex: &str, content_type: &str) -> String {
        let path = regex.trim_start_matches("^/").trim_end_matches('$');
        let (path, alias) = if self.prefix == "/" {
            (path.to_string(), String::new())
        } else {
            (
                format!("(?<assetsync_path>{path})"),
                format!(" alias \"{}/$assetsync_path\";", self.folder),
            )
        };
        format!(
            "    location ~ \"^{}{path}$\" {{{alias} types {{ }} default_type {}; }}\n",
            escaped(&self.prefix),
            in_quotes(content_type)
        )
    }

    fn nginx_map(&self, name: &str, values: &[(String, String)], default: &str) -> String {
        let mut text = format!("map $uri ${name} {{\n    default \"{default}\";\n");
        for (regex, value) in values {
            text += &format!("    \"~{}\" {};\n", self.at(regex), in_quotes(value));
        }
        text + "}\n\n"
    }

    fn caddy(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        let port = self.port.map_or(String::new(), |port| format!(":{port}"));
        let (folder, host) = (&self.folder, &self.host);
        // A route keeps its order, and of several headers of one name, the last one is sent.
        format!(
            "# Caddy configuration for {folder}: add it to the Caddyfile.\n\n\
             {scheme}://{host}{port} {{\n\
             \troute {{\n{}\t\troot * \"{folder}\"\n\
             \t\t@own path /{HEADERS_FILE} /{OWN_FOLDER}/*\n\t\terror @own 404\n\
             {}\t\ttry_files {{path}} {{path}}.html\n\
             \t\tfile_server {{\n\t\t\tprecompressed gzip\n\t\t}}\n\t}}\n\
             \thandle_errors {{\n\t\theader -Cache-Control\n{}\t}}\n}}\n",
            self.caddy_prefix(),
            self.caddy_headers(),
            self.caddy_not_found(),
        )
    }

    fn caddy_prefix(&self) -> String {
        match self.prefix.trim_end_matches('/') {
            "" => String::new(),
            prefix => format!(
                "\t\t@outside not path {prefix}/*\n\t\terror @outside 404\n\t\turi strip_prefix {prefix}\n"
            ),
        }
    }

    fn caddy_headers(&self) -> String {
        let types = self.types.iter().enumerate();
        let types = types.map(|(number, (content_type, extensions))| {
            let extensions: Vec<String> = extensions.iter().map(|e| format!("*.{e}")).collect();
            format!(
                "\t\t@type_{number} path {}\n\t\theader @type_{number} Content-Type \"{content_type}\"\n",
                extensions.join(" ")
            )
        });
        let named = |name: &'static str| move |asked| (name, asked);
        let caching = self.caching.iter().map(named("Cache-Control"));
        let by_rule = self.types_by_rule.iter().map(named("Content-Type"));
        let further = self.further.iter();
        let further =
            further.flat_map(|(name, all)| all.iter().map(move |asked| (name.as_str(), asked)));
        let rules: Vec<_> = caching.chain(by_rule).chain(further).collect();
        let rules = rules.into_iter().rev().enumerate();
        let rules =
            rules.map(|(number, (name, (regex, value)))| caddy_header(number, name, regex, value));
        let usual = format!("\t\theader Cache-Control \"{CACHE_SHORTLY}\"\n");
        [usual, types.collect(), rules.collect()].concat()
    }

    fn caddy_not_found(&self) -> String {
        match &self.not_found {
            None => String::new(),
            Some(page) => format!(
                "\t\troot * \"{}\"\n\t\trewrite * /{}\n\t\theader Content-Type \"text/html; charset=utf-8\"\n\t\tfile_server\n",
                self.folder,
                crate::base::path::url_path(page)
            ),
        }
    }
}

/// The header `name` of paths that match; none if its value is empty.
fn caddy_header(number: usize, name: &str, regex: &str, value: &str) -> String {
    let regex = in_quotes(regex);
    let set = match value {
        "" => format!("-{name}"),
        value => format!("{name} {}", in_quotes(value)),
    };
    format!("\t\t@rule_{number} path_regexp {regex}\n\t\theader @rule_{number} {set}\n")
}

/// The absolute path of a target's folder, as both servers read it in quotes.
fn folder(target: &Target) -> Result<String> {
    let Some(folder) = target.place.folder() else {
        return Err(Error::usage(
            format!("The target `{}` isn't a folder", target.name),
            "a web server serves a folder: choose a target whose `url` is `file:FOLDER`, or add one",
        ));
    };
    let folder = std::path::absolute(folder).map_err(|e| Error::io("find", folder, e))?;
    let folder = folder.to_string_lossy().into_owned();
    if folder.contains(['"', '\\', '$', '{', '}', '\n']) {
        Err(Error::usage(
            format!("`{folder}` contains characters that web servers don't accept in a path"),
            "publish to a folder with a simpler name",
        ))
    } else {
        Ok(folder)
    }
}

/// The caching of files: that of keyed names first, then by what rules say of it, then by how they
/// name files.
fn caching(by_rules: &[&Rule]) -> Vec<(String, String)> {
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
    // The last one is the default.
    while caching
        .last()
        .is_some_and(|(_, caching)| caching == CACHE_SHORTLY)
    {
        caching.pop();
    }
    caching
}

/// All other headers that rules ask for, by name.
fn further(by_rules: &[&Rule]) -> BTreeMap<String, Vec<(String, String)>> {
    let mut further: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for rule in by_rules {
        for (name, value) in &rule.headers {
            let values = further.entry(name.clone()).or_default();
            values.extend(regex(rule).map(|regex| (regex, value.clone())));
        }
    }
    further.insert(CONTENT_ENCODING.to_string(), codings(by_rules));
    further
}

/// The types of files that aren't told by their extension.
fn types_by_rule(by_rules: &[&Rule]) -> Vec<(String, String)> {
    let asked = by_rules.iter().filter_map(|rule| {
        let content_type = rule.content_type.clone().or_else(|| inner_type(rule))?;
        Some((regex(rule)?, content_type))
    });
    let inner = by_rules.iter().flat_map(|rule| inner_types(rule));
    let usual = coding::usual_types();
    let usual = usual.map(|(path, inner)| (path, media::content_type(Some(inner))));
    asked.chain(inner).chain(usual).collect()
}

/// Returns the codings of files, by regular expressions of their paths: those that rules say, and
/// those that names say.
fn codings(by_rules: &[&Rule]) -> Vec<(String, String)> {
    let asked = by_rules.iter().filter_map(|rule| {
        let coding = rule.encoding?.coding();
        let name = coding.map_or("", |coding| coding.name());
        Some((regex(rule)?, name.to_string()))
    });
    let usual = coding::usual_ends().into_iter();
    let usual = usual.map(|(end, coding)| (end, coding.name().to_string()));
    asked.chain(usual).collect()
}

/// The type of what is packed in the files of a rule, if their names say it.
fn inner_type(rule: &Rule) -> Option<String> {
    rule.encoding?.coding()?;
    let name = rule.pattern().rsplit('/').next()?;
    let extension = coding::inner_extension(name)?;
    Some(media::content_type(Some(&extension)))
}

/// The types of what is packed in the files of a rule for all of an ending, such as `**/*.gz`.
fn inner_types(rule: &Rule) -> Vec<(String, String)> {
    const USUAL: [&str; 9] = [
        "css", "csv", "html", "js", "json", "svg", "txt", "wasm", "xml",
    ];
    let coding = rule.encoding.and_then(EncodingRule::coding);
    let end = rule
        .pattern()
        .rsplit_once("*.")
        .filter(|_| coding.is_some());
    let Some((before, end)) = end.filter(|(_, end)| coding::is_end(end)) else {
        return Vec::new();
    };
    let of = |inner: &&str| {
        let glob = Rule::new(&format!("{before}*.{inner}.{end}")).ok()?;
        Some((regex(&glob)?, media::content_type(Some(inner))))
    };
    USUAL.iter().filter_map(of).collect()
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

/// A regular expression for the paths of a rule, which nginx and Caddy read alike; none if they
/// don't.
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
