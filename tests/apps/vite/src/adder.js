onmessage = (event) => postMessage("the sum is " + event.data.reduce((a, b) => a + b));
