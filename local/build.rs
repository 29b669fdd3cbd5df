//! Links `ciero` at a fixed address.

/// A program that may be loaded anywhere carries pages of addresses that each of its processes fills in for itself; with one for each
/// function that is a quarter of their memory.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-link-arg-bin=ciero=-no-pie");
    }
}
