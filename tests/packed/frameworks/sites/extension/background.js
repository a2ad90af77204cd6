// Its address tells the test the extension's id.
