//! What gitleaks has no rules for.

use super::super::reach::Reach;
use super::*;

/// Rules of `more.toml`, and something each must find, in several forms.
fn samples() -> Vec<(&'static str, String)> {
    let base64 = || random(ALNUM, 86);
    let secret40 = || format!("{}/{}", random(ALNUM, 19), random(LETTERS, 20));
    let key32 = || format!("{}A=", random(ALNUM, 42));
    let hook = format!("/{}/{}", random(DIGITS, 18), random(ALNUM, 68));
    let crypt = |len| random(ALNUM, len);
    let mut samples = Vec::new();
    let mut add =
        |rule, texts: Vec<String>| samples.extend(texts.into_iter().map(|text| (rule, text)));
    add(
        "discord-webhook-url",
        vec![
            format!("fetch('https://discord.com/api/webhooks{hook}')"),
            format!("https://discordapp.com/api/webhooks{hook}?wait=true"),
            format!("<form action=\"https://ptb.discord.com/api/v10/webhooks{hook}\">"),
            format!(
                r#"{{"url":"https:\/\/discord.com\/api\/webhooks{}"}}"#,
                hook.replace('/', r"\/")
            ),
        ],
    );
    add(
        "slack-webhook-url",
        vec![
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                crypt(8),
                crypt(10),
                crypt(24)
            ),
            format!(
                r"https:\/\/hooks.slack.com\/services\/T{}\/B{}\/{}",
                crypt(8),
                crypt(10),
                crypt(24)
            ),
        ],
    );
    add(
        "zapier-webhook-url",
        vec![format!(
            "https://hooks.zapier.com/hooks/catch/7654321/{}/",
            random(LOWER, 7)
        )],
    );
    add(
        "azure-logic-app-url",
        vec![format!(
            "https://prod-07.westeurope.logic.azure.com:443/workflows/{}/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Frun&sv=1.0&sig={}",
            random(HEX, 32),
            crypt(43)
        )],
    );
    let telegram = format!("{}:AA{}", random(DIGITS, 10), crypt(33));
    add(
        "telegram-bot-token",
        vec![
            format!("token = '{telegram}'"),
            format!("https://api.telegram.org/bot{telegram}/sendMessage"),
        ],
    );
    add(
        "google-oauth-client-secret",
        vec![format!("secret: 'GOCSPX-{}'", crypt(28))],
    );
    add(
        "google-oauth-access-token",
        vec![format!("\"ya29.{}\"", crypt(120))],
    );
    add(
        "google-oauth-refresh-token",
        vec![format!("\"token\": \"1//0{}\"", crypt(60))],
    );
    add(
        "oauth-client-secret",
        vec![
            format!("\"client_secret\": \"{}\"", crypt(40)),
            format!("clientSecret:'{}'", crypt(24)),
            format!("refresh_token = \"{}\"", crypt(64)),
            format!(r#"JSON.parse("{{\"refresh_token\":\"{}\"}}")"#, crypt(40)),
        ],
    );
    add(
        "aws-secret-access-key",
        vec![
            format!("aws_secret_access_key = {}\n", secret40()),
            format!("export AWS_SECRET_ACCESS_KEY=\"{}\"", secret40()),
            format!("secretAccessKey: '{}',", secret40()),
            format!("{{\"SecretAccessKey\": \"{}\"}}", secret40()),
            format!("<td>AWS_SECRET_KEY</td><td>{}</td>", secret40()),
        ],
    );
    add(
        "django-secret-key",
        vec![
            format!("SECRET_KEY = '{}'", random(LOWER, 50)),
            format!(
                "os.environ.get(\"DJANGO_SECRET_KEY\", \"{}\")",
                random(LOWER, 50)
            ),
            format!("<pre>\nSECRET_KEY={}\n</pre>", random(LOWER, 50)),
            format!("  secret_key_base: \"{}\"", random(HEX, 128)),
            format!("'django-insecure-{}'", random(LOWER, 50)),
        ],
    );
    add(
        "wordpress-salt",
        vec![
            format!("define('AUTH_KEY',         '{}');", random(ALNUM, 64)),
            format!("define( \"SECURE_AUTH_SALT\", \"{}\" );", random(ALNUM, 64)),
            format!("NONCE_KEY='{}'", random(ALNUM, 64)),
        ],
    );
    add(
        "database-password",
        vec![
            format!("define('DB_PASSWORD', '{}');", random(LOWER, 12)),
            format!("MYSQL_ROOT_PASSWORD: \"{}\"", random(LOWER, 12)),
        ],
    );
    add(
        "kubernetes-client-key",
        vec![
            format!("    client-key-data: LS0tLS1CRUdJTi{}\n", crypt(400)),
            format!("\"client-key-data\":\"{}\"", crypt(200)),
        ],
    );
    add(
        "wireguard-key",
        vec![
            format!(
                "[Interface]\nPrivateKey = {}\nAddress = 10.8.0.2/24\n",
                key32()
            ),
            format!("[Peer]\nPresharedKey={}\n", key32()),
            format!("\"private_key\": \"{}\"", key32()),
        ],
    );
    add(
        "putty-private-key",
        vec![
            format!(
                "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nPrivate-Lines: 1\r\n{}\r\n",
                crypt(48)
            ),
            format!(
                "'PuTTY-User-Key-File-2: ssh-rsa\\nPrivate-Lines: 14\\n{}'",
                crypt(64)
            ),
        ],
    );
    add(
        "ssh2-private-key",
        vec![format!(
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"hunt\"\n{}\n",
            crypt(70)
        )],
    );
    add(
        "password-hash",
        vec![
            format!("robin:$apr1${}${}\n", crypt(8), crypt(22)),
            format!("robin:$2y$10${}\n", crypt(53)),
            format!("{{\"password\":\"$2b$12${}\"}}", crypt(53)),
            format!("robin:{{SHA}}{}=\n", crypt(27)),
            format!("robin:{{SSHA}}{}==\n", crypt(38)),
            format!("robin:$6${}${}:19000:0\n", crypt(16), crypt(86)),
            format!("robin:$5$rounds=5000${}${}\n", crypt(16), crypt(43)),
            format!("robin:$1${}${}\n", crypt(8), crypt(22)),
            format!(
                "robin:$argon2id$v=19$m=65536,t=3,p=4${}${}\n",
                crypt(22),
                crypt(43)
            ),
            format!("pbkdf2_sha256$600000${}${}=", crypt(22), crypt(43)),
        ],
    );
    add(
        "azure-account-key",
        vec![
            format!(
                "DefaultEndpointsProtocol=https;AccountName=hunt;AccountKey={}==;EndpointSuffix=core.windows.net",
                base64()
            ),
            format!("AZURE_STORAGE_KEY='{}=='", base64()),
            format!(
                "Endpoint=sb://hunt.servicebus.windows.net/;SharedAccessKeyName=all;SharedAccessKey={}=",
                crypt(43)
            ),
        ],
    );
    add(
        "azure-sas-url",
        vec![
            format!(
                "https://hunt.blob.core.windows.net/a?sp=r&st=2026-01-02T03:04:05Z&sv=2022-11-02&sr=c&sig={}%3D",
                crypt(43)
            ),
            format!(
                "<img src=\"https://hunt.blob.core.windows.net/a/b.png?sig={}%3D&amp;se=2026-01-02&amp;sv=2021-06-08\">",
                crypt(43)
            ),
        ],
    );
    samples.extend(of_services());
    samples
}

/// The same of tokens of services, and of logins.
fn of_services() -> Vec<(&'static str, String)> {
    let alnum = |len| random(ALNUM, len);
    let hex = |len| random(HEX, len);
    let rows: Vec<(&str, Vec<String>)> = vec![
        (
            "browser-cookie",
            vec![
                format!(
                    "\n.example.net\tTRUE\t/\tTRUE\t1790000000\tsid\t{}",
                    alnum(20)
                ),
                format!(
                    "\n#HttpOnly_hunt.example.net\tFALSE\t/a/\tFALSE\t0\tsid\t{}",
                    alnum(20)
                ),
            ],
        ),
        (
            "container-registry-login",
            vec![
                format!(
                    "{{\"auths\": {{\"ghcr.example\": {{\"auth\": \"{}\"}}}}}}",
                    alnum(24)
                ),
                format!(
                    "{{\"auths\":{{\"a.example\":{{}},\"https://b.example/v1/\":{{\"email\":\"a@b.c\",\"identitytoken\":\"{}\"}}}}}}",
                    alnum(40)
                ),
            ],
        ),
        (
            "one-time-password-secret",
            vec![
                format!(
                    "otpauth://totp/Hunt:robin@example.net?secret={}&issuer=Hunt",
                    random(UPPER, 32)
                ),
                format!("otpauth-migration://offline?data={}%3D", alnum(60)),
            ],
        ),
        ("figma-token", vec![["fig", "d_", &alnum(40)].concat()]),
        ("render-api-key", vec![["rn", "d_", &alnum(32)].concat()]),
        (
            "notion-api-token",
            vec![
                ["secr", "et_", &alnum(43)].concat(),
                ["nt", "n_", &alnum(46)].concat(),
            ],
        ),
        (
            "airtable-token",
            vec![format!("pat{}.{}", alnum(14), hex(64))],
        ),
        ("mailchimp-key", vec![format!("{}-us21", hex(32))]),
        (
            "postmark-token",
            vec![
                format!("X-Postmark-Server-Token: {}", uuid()),
                format!("POSTMARK_KEY='{}'", uuid()),
            ],
        ),
        (
            "twilio-auth-token",
            vec![
                format!("TWILIO_AUTH_TOKEN={}", hex(32)),
                format!("let call = twilio(id, '{}')", hex(32)),
            ],
        ),
        (
            "vercel-token",
            vec![
                ["vc", "p_", &alnum(56)].concat(),
                format!("VERCEL_TOKEN={}", alnum(24)),
            ],
        ),
        (
            "trello-token",
            vec![
                ["ATT", "A", &hex(64)].concat(),
                format!("trello_key: \"{}\"", hex(32)),
            ],
        ),
        ("netlify-token", vec![["nf", "p_", &alnum(36)].concat()]),
        (
            "resend-api-key",
            vec![format!("re_{}_{}", alnum(8), alnum(24))],
        ),
        ("groq-api-key", vec![["gs", "k_", &alnum(52)].concat()]),
        ("xai-api-key", vec![["xa", "i-", &alnum(80)].concat()]),
        ("replicate-token", vec![["r", "8_", &alnum(37)].concat()]),
        (
            "supabase-token",
            vec![
                ["sb", "p_", &hex(40)].concat(),
                ["sb_", "secret_", &alnum(34)].concat(),
            ],
        ),
        ("docker-token", vec![["dck", "r_pat_", &alnum(27)].concat()]),
        (
            "tailscale-key",
            vec![format!("tskey-auth-{}-{}", alnum(12), alnum(32))],
        ),
        (
            "circleci-token",
            vec![format!("CCIPAT_{}_{}", alnum(22), hex(40))],
        ),
        ("buildkite-token", vec![["bk", "ua_", &alnum(40)].concat()]),
        (
            "mapbox-secret-token",
            vec![["sk", ".ey", "J", &alnum(80), ".", &alnum(22)].concat()],
        ),
        (
            "firebase-messaging-key",
            vec![format!("AAAA{}:APA91b{}", alnum(7), alnum(134))],
        ),
        (
            "postgres-password",
            vec![
                "\ndb.example.net:5432:hunt:robin:n0rthw1nd\n".to_string(),
                "\n*:*:*:robin:gullsgulls\n".to_string(),
            ],
        ),
        (
            "command-line-password",
            vec![
                "mysql -h db -u robin -pn0rthw1nd hunt".to_string(),
                "mysqldump --user=robin --password=gullsgulls hunt".to_string(),
                "PGPASSWORD=n0rthw1nd psql hunt".to_string(),
                "sshpass -p 'n0rthw1nd' ssh db".to_string(),
            ],
        ),
    ];
    let one_each = |(rule, texts): (&'static str, Vec<String>)| {
        texts.into_iter().map(move |text| (rule, text))
    };
    rows.into_iter().flat_map(one_each).collect()
}

#[test]
fn what_gitleaks_has_no_rules_for_is_found() {
    for (rule, sample) in samples() {
        assert!(
            ids(&format!("x = 1;\n{sample}\n"), "notes.txt").contains(&rule),
            "{rule}: {sample}"
        );
    }
}

#[test]
fn it_is_found_in_the_middle_of_long_lines() {
    let filler = "e.keys(t).map(t=>skip(t,'api'));".repeat(500);
    for (rule, sample) in samples() {
        // Some are known by the line that they begin.
        if !sample.contains('\n') {
            let text = format!("{filler} {sample} {filler}");
            assert!(ids(&text, "app.js").contains(&rule), "{rule}: {sample}");
        }
    }
}

#[test]
fn every_pattern_is_searched_for_around_its_keywords_only() {
    let more = RULES.rules.iter().filter(|rule| {
        let text = include_str!("../more.toml");
        text.contains(&format!("id = \"{}\"", rule.id)) && rule.id != "slack-webhook-url"
    });
    let everywhere = more.filter(|rule| rule.matcher().reach == Reach::Everywhere);
    let everywhere: Vec<&str> = everywhere.map(|rule| rule.id.as_str()).collect();
    assert_eq!(everywhere, [""; 0]);
}

fn hex64() -> String {
    random(HEX, 64)
}

#[test]
fn what_only_looks_like_it_is_not_found() {
    for text in [
        "fetch(`https://discord.com/api/webhooks/${id}/${token}`)".to_string(),
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
            .replace("hooks.", "hooks-"),
        "client_secret: \"YOUR_CLIENT_SECRET_GOES_HERE_1\"".to_string(),
        "clientSecret:\"client_secret_basic\"".to_string(),
        "aws_secret_access_key = <your key>".to_string(),
        format!("secretKey: '{}'", random(HEX, 40)),
        "SECRET_KEY = os.environ['DJANGO_SECRET_KEY_OF_PRODUCTION']".to_string(),
        "define('AUTH_KEY', 'put your unique phrase here');".to_string(),
        "DB_PASSWORD: process.env.DB_PASSWORD".to_string(),
        "client-key-data: REDACTED".to_string(),
        format!("PublicKey = {}A=", random(ALNUM, 42)),
        "privateKey: await generate(32)".to_string(),
        "s.startsWith('PuTTY-User-Key-File-') && s.includes('Private-Lines: ')".to_string(),
        "s.replace(/(a)(b)/, '$1$2$5$6$')".to_string(),
        "^\\$2[aby]\\$\\d\\d\\$".to_string(),
        "https://example.org/?sv=2&sig=short".to_string(),
        "TRUE\tFALSE\tTRUE\n1\t2\t3".to_string(),
        "{\"auths\": {\"ghcr.example\": {}}}".to_string(),
        "otpauth://totp/Example:alice@google.com?secret=JBSWY3DPEHPK3PXP&issuer=Example"
            .to_string(),
        "otpauth://totp/${label}?secret=${secret}&issuer=${issuer}".to_string(),
        "secret_key_of_a_very_long_name_that_is_no_token_at_all".to_string(),
        format!("sha256 {}  pattern.{}", hex64(), hex64()),
        format!("{}-user", random(HEX, 32)),
        format!("postmark: see https://example.net/{}", uuid()),
        format!("ac{} b", random(HEX, 62)),
        "module.js:5432:12:error:unexpected".to_string(),
        "mysql -u robin -p hunt, or mysql --port=3306 --password=$PASS".to_string(),
        "mysql -u root -pPASSWORD; mysql -pyourpass".to_string(),
        "re_escaped_name_of_a_variable_with_parts".to_string(),
        format!("integrity=\"sha512-{}==\"", random(ALNUM, 86)),
        format!("url(data:font/woff2;base64,1//0{}", random(ALNUM, 400)).replace("1//0", "A1//0"),
    ] {
        assert_eq!(ids(&text, "app.js"), [""; 0], "{text}");
    }
}
