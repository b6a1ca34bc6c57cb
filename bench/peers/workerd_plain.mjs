// A worker that echoes what it is posted, and answers anything else as the app's HTTP route does.
export default {
  async fetch(request) {
    if (request.method === "POST") return Response.json(await request.json());
    return Response.json({ message: "Hello from the app" });
  },
};
