//! Stories of what people see: the real program, real trees, real servers. `tests/run` runs them all.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod advice;
mod audit;
mod browser;
mod cache;
mod commands;
mod config;
mod conformance;
mod cors;
mod crawler;
mod deployers;
mod directory;
mod doctor;
mod documents;
mod faults;
mod first_steps;
mod gcs;
mod globs;
mod guards;
mod leaks;
mod masks;
mod model;
mod owners;
mod plain;
mod program;
mod properties;
mod publishing;
mod readme;
mod references;
mod releases;
mod rewriting;
mod rotation;
mod s3;
mod servers;
mod settings;
mod sign_in;
mod simulation;
mod spoilers;
mod told;
mod transactions;
mod tree;
mod website;
mod workflow;
