# Culvert in a container: static binaries and nothing else. `make image` builds
# them first and lays them out in bin/image as they stand here: Culvert, the
# Compose command that recreates the app's service, and the authorities that
# Cloudflare's certificates are signed by.
FROM scratch
COPY bin/image/ /
ENV PATH=/usr/bin
ENTRYPOINT ["/usr/bin/culvert"]
CMD ["serve"]
