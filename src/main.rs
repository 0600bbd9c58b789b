//! The `assetsync` program: all of it is in the library.

use std::process::ExitCode;

/// A tree of many files makes many small allocations, on all cores.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    assetsync::main()
}
