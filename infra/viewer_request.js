// Runs at the edge before each request to the API, which would otherwise see the
// edge's address and its own host. What a browser sends in these headers is
// overwritten. CloudFront adds the secret that makes them believed.
function handler(event) {
  var headers = event.request.headers;
  headers["x-postern-client"] = { value: event.viewer.ip };
  headers["x-postern-host"] = { value: headers.host.value };
  return event.request;
}
