//! Law, cases and the example are built into the program: a file that is new there must be noticed.

fn main() {
    for folder in ["../../law", "../../cases", "../../examples", "../../vectors/certificates"] {
        // Cargo reads this line from the build script's output; nothing else speaks to it.
        let _ = std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("cargo:rerun-if-changed={folder}\n"));
    }
}
