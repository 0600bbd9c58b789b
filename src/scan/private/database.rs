//! Databases: as files, and as SQL that makes them anew.

use std::io::Read;

use flate2::read::GzDecoder;
use memchr::memchr_iter;

use super::Private;

/// Beginning of a SQLite database (<https://www.sqlite.org/fileformat.html#the_database_header>).
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Beginning of `pg_dump`'s own format.
const PG_DUMP: &[u8] = b"PGDMP";

const GZIP: &[u8] = b"\x1f\x8b";

/// Size of the part of a gzipped file that is unpacked and read, in bytes. Dumps identify
/// themselves at their start.
const UNPACKED_BYTES_MAX: u64 = 64 << 10;

/// Maximum position in a text at which a dump may begin, in bytes. Messages of the program that
/// wrote it come first.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Beginnings of dumps.
const HEADS: [&str; 12] = [
    "-- MySQL dump",
    "-- MariaDB dump",
    "-- PostgreSQL database",
    "-- phpMyAdmin SQL Dump",
    "-- Adminer ",
    "-- Dump of table ",
    "-- Dumped ",
    "-- HeidiSQL ",
    "-- Sequel ",
    "-- SQLite dump",
    "-- TablePlus ",
    "PRAGMA foreign_keys=OFF;",
];

/// Recognizes a file by its first bytes.
pub(super) fn of_start(start: &[u8]) -> Option<Private> {
    if start.starts_with(SQLITE) {
        return Some(Private::Sqlite);
    }
    if start.starts_with(PG_DUMP) {
        return Some(Private::SqlDump);
    }
    let unpacked = unpacked(start)?;
    if unpacked.starts_with(SQLITE) {
        return Some(Private::Sqlite);
    }
    let is_dump = unpacked.starts_with(PG_DUMP) || dump(&unpacked).is_some();
    is_dump.then_some(Private::SqlDump)
}

/// Finds a dump in a text.
pub(super) fn find_dump(text: &[u8], found: &mut Vec<(usize, Private)>) {
    let head = &text[..text.len().min(HEAD_BYTES_MAX)];
    found.extend(dump(head).map(|at| (at, Private::SqlDump)));
}

/// The beginning of what is gzipped, as far as it can be unpacked.
fn unpacked(start: &[u8]) -> Option<Vec<u8>> {
    if !start.starts_with(GZIP) {
        return None;
    }
    let mut unpacked = Vec::new();
    let mut reader = GzDecoder::new(start).take(UNPACKED_BYTES_MAX);
    let mut chunk = [0; 4096];
    // It's cut, so its end is an error; what came before counts.
    while let Ok(n @ 1..) = reader.read(&mut chunk) {
        unpacked.extend_from_slice(&chunk[..n]);
    }
    Some(unpacked)
}

/// Finds the first line of a dump.
fn dump(head: &[u8]) -> Option<usize> {
    let starts = std::iter::once(0).chain(memchr_iter(b'\n', head).map(|end| end + 1));
    let is_of_dump = |start: &usize| {
        let line = &head[*start..];
        let rest = line.trim_ascii_start();
        // Further in, what is indented is an example in a text.
        let is_example = rest.len() < line.len() && !head[..*start].trim_ascii().is_empty();
        !is_example && is_of_dump(rest)
    };
    starts.into_iter().find(is_of_dump)
}

fn is_of_dump(rest: &[u8]) -> bool {
    match rest.first() {
        Some(b'-' | b'P') => HEADS.iter().any(|head| rest.starts_with(head.as_bytes())),
        Some(b'C' | b'I' | b'c' | b'i') => is_statement(rest),
        _ => false,
    }
}

/// A statement that fills or makes a table, as far as a line or two tell.
fn is_statement(rest: &[u8]) -> bool {
    const STATEMENT_BYTES_MAX: usize = 300;
    let statement = &rest[..rest.len().min(STATEMENT_BYTES_MAX)];
    let text = String::from_utf8_lossy(statement).to_ascii_lowercase();
    let has = |part: &str| text.contains(part);
    let table = |verb: &str| {
        let rest = text.strip_prefix(verb)?.trim_start();
        let rest = rest.strip_prefix("if not exists ").unwrap_or(rest);
        after_name(rest)
    };
    let begins = |rest: &str, words: &[&str]| words.iter().any(|word| rest.starts_with(word));
    table("create table ").is_some_and(|rest| begins(rest, &["(", "as "]))
        || table("insert into ").is_some_and(|rest| begins(rest, &["(", "values"]) && has("values"))
        || (text.starts_with("copy ") && has(" from stdin"))
}

/// Returns what follows the name of a table: one word, or one in quotes, perhaps behind that of a
/// schema.
fn after_name(text: &str) -> Option<&str> {
    let rest = match text.chars().next()? {
        quote @ ('"' | '`' | '[') => {
            let end = if quote == '[' { ']' } else { quote };
            text[1..].split_once(end)?.1
        }
        _ => text.trim_start_matches(|c: char| c.is_alphanumeric() || "_$".contains(c)),
    };
    match rest.strip_prefix('.') {
        Some(rest) => after_name(rest),
        None => Some(rest.trim_start()).filter(|rest| rest.len() < text.len()),
    }
}
