-- One POST /report after another, each with the same body: the file that the environment names.
local file = assert(io.open(os.getenv("REPORT_BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = os.getenv("REPORT_TYPE")
file:close()
