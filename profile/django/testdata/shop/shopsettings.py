SECRET_KEY = "for a test"
ROOT_URLCONF = "shopurls"
print("an app that talks while it loads")
