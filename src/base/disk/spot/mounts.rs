//! Folders that are mounted in two places: what else a path is called by. Known on Linux alone.

use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
const TABLE: &str = "/proc/self/mountinfo";

/// A line of the table of mounts.
#[derive(Debug)]
struct Mount {
    /// As `MAJOR:MINOR`.
    device: String,
    /// The folder of the device that is mounted.
    root: PathBuf,
    point: PathBuf,
}

/// Lists other names that `path`, a whole path without links, may have. Callers have to check that
/// a name leads to the same place.
#[cfg(target_os = "linux")]
pub(super) fn other_names(path: &Path) -> Vec<PathBuf> {
    // Without the table, a path is known by its own name.
    let table = std::fs::read_to_string(TABLE).unwrap_or_default();
    names_in(&table, path)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn other_names(_path: &Path) -> Vec<PathBuf> {
    Vec::new()
}

#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn names_in(table: &str, path: &Path) -> Vec<PathBuf> {
    let mounts: Vec<Mount> = table.lines().filter_map(mount).collect();
    // What is mounted last hides what was there before.
    let under = mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.components().count());
    let Some((under, below)) = under.and_then(|m| Some((m, path.strip_prefix(&m.point).ok()?)))
    else {
        return Vec::new();
    };
    let on_device = under.root.join(below);
    let others = mounts
        .iter()
        .filter(|mount| mount.device == under.device)
        .filter_map(|mount| Some(mount.point.join(on_device.strip_prefix(&mount.root).ok()?)));
    others.filter(|other| other != path).collect()
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`, as in proc(5).
fn mount(line: &str) -> Option<Mount> {
    let mut fields = line.split(' ').skip(2);
    let mut next = || fields.next().map(unescaped);
    Some(Mount {
        device: next()?,
        root: next()?.into(),
        point: next()?.into(),
    })
}

/// Spaces and the like are `\040`.
fn unescaped(field: &str) -> String {
    let mut parts = field.split('\\');
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let code = part
            .get(..3)
            .and_then(|octal| u8::from_str_radix(octal, 8).ok());
        match code {
            Some(code) if code.is_ascii() => {
                text = text + &char::from(code).to_string() + &part[3..]
            }
            _ => text = text + "\\" + part,
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r"43 42 254:0 / / rw,relatime - ext4 /dev/vda rw
47 43 0:21 / /proc rw - proc proc rw
63 43 254:0 /srv/hunt /mnt/my\040hunt rw,relatime - ext4 /dev/vda rw
64 63 0:30 / /mnt/my\040hunt/tmp rw - tmpfs tmpfs rw
";

    /// A place that is mounted twice has two names.
    #[test]
    fn mounts_give_places_second_names() {
        let names = |path: &str| names_in(TABLE, Path::new(path));
        assert_eq!(names("/mnt/my hunt/art"), [Path::new("/srv/hunt/art")]);
        assert_eq!(names("/srv/hunt/art"), [Path::new("/mnt/my hunt/art")]);
        assert_eq!(names("/srv/hunters"), [] as [&Path; 0]);
        assert_eq!(names("/mnt/my hunt/tmp/x"), [] as [&Path; 0]);
        assert_eq!(names_in("", Path::new("/srv")), [] as [&Path; 0]);
    }
}
