//! The `consensus` program; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    consensus::cli::main(std::env::args_os())
}
