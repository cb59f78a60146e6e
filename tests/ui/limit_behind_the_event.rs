fn main() {
    logring::info!("x", every_n: 10);
}
