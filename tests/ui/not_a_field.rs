fn main() {
    let a = 1;
    logring::info!("x", a + 1);
    logring::info!("x", a, = 2);
}
