from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud


def test_the_gallerys_images_that_the_course_has(cloud: RunningCloud) -> None:
    public = cloud.client("ecr-public")
    assert public.get_authorization_token()["authorizationData"]["authorizationToken"]
    assert public.describe_registries()["registries"][0]["registryUri"] == "public.ecr.aws"
    found = public.describe_repositories(repositoryNames=["nginx/nginx"])["repositories"]
    assert found[0]["repositoryUri"] == "public.ecr.aws/nginx/nginx"
    names = [each["repositoryName"] for each in public.describe_repositories()["repositories"]]
    assert "docker/library/python" in names
    tags = public.describe_image_tags(repositoryName="nginx/nginx")["imageTagDetails"]
    assert "latest" in [each["imageTag"] for each in tags]
    images = public.describe_images(repositoryName="nginx/nginx")["imageDetails"]
    assert {tag for each in images for tag in each["imageTags"]} == {each["imageTag"] for each in tags}
    assert all(each["imageDigest"].startswith("sha256:") and each["imageSizeInBytes"] > 0 for each in images)


def test_what_is_not_here_says_so(cloud: RunningCloud) -> None:
    public = cloud.client("ecr-public")
    refused(public.describe_images, "RepositoryNotFoundException", "no/where", repositoryName="no/where")
    refused(public.create_repository, "UnsupportedOperation", "CreateRepository", repositoryName="mine")
