print("lookaside")
