fn main() {
    logring::info!("x", "" = 1);
}
