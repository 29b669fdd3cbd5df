//! Fails early and clearly when the player library has not been installed.

use std::path::Path;
use std::process::ExitCode;

const PLAYER_LIBRARY: &str = "assets/node_modules/hls.js/dist/hls.light.min.js";

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed={PLAYER_LIBRARY}");
    if Path::new(PLAYER_LIBRARY).is_file() {
        return ExitCode::SUCCESS;
    }
    eprintln!("hls.js is not installed: run `npm ci` in functions/portal/assets, then build again");
    ExitCode::FAILURE
}
