fn main() {
    logring::info!("x", level = "high");
}
