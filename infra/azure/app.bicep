// The process that answers, always warm, behind HTTPS.

@description('Its name, and the first part of its host name.')
param name string

@description('Where it lives.')
param location string

@description('The container image.')
param image string

@description('The registry that the identity pulls from; empty for a public one.')
param registry string

@description('The environment that it runs in.')
param environmentId string

@description('The identity that reads its secrets and pulls its image.')
param identityId string

@description('Whether it proves itself by a client secret. Muster refuses one beside a managed identity.')
param usesPassword bool

@description('Where the client secret is in the key vault.')
param appPasswordUri string

@description('Where the address of the database is in the key vault.')
param storeUri string

@description('Where what seals its keys is in the key vault.')
param secretKeyUri string

@description('The key vault, as an address that ends with a slash.')
param vaultUri string

@description('More settings that are secrets, which the key vault has. Only their names are used here.')
@secure()
param secretSettings object

@description('Replicas that always run.')
@minValue(1)
param replicas int

@description('Replicas at the busiest.')
param mostReplicas int

@description('Settings by name. None of them is a secret.')
param settings object

var plain = [for setting in items(settings): {
  name: setting.key
  value: setting.value
}]
var sealed = [
  {
    name: 'MUSTER_STORE'
    secretRef: 'store'
  }
  {
    name: 'MUSTER_SECRET_KEY'
    secretRef: 'secret-key'
  }
]
var sealedBesides = [for setting in items(secretSettings): {
  name: setting.key
  secretRef: toLower(replace(setting.key, '_', '-'))
}]
var kept = [
  {
    name: 'app-password'
    keyVaultUrl: appPasswordUri
    identity: identityId
  }
  {
    name: 'store'
    keyVaultUrl: storeUri
    identity: identityId
  }
  {
    name: 'secret-key'
    keyVaultUrl: secretKeyUri
    identity: identityId
  }
]
var keptBesides = [for setting in items(secretSettings): {
  name: toLower(replace(setting.key, '_', '-'))
  keyVaultUrl: '${vaultUri}secrets/${toLower(replace(setting.key, '_', '-'))}'
  identity: identityId
}]
var password = [
  {
    name: 'MicrosoftAppPassword'
    secretRef: 'app-password'
  }
]
var pulled = [
  {
    server: registry
    identity: identityId
  }
]

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: 3978
        transport: 'http'
        allowInsecure: false
      }
      registries: empty(registry) ? [] : pulled
      secrets: concat(kept, keptBesides)
    }
    template: {
      // Muster stops in five seconds, and finishes or hands back what it began.
      terminationGracePeriodSeconds: 15
      containers: [
        {
          name: 'muster'
          image: image
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          env: usesPassword ? concat(plain, sealed, sealedBesides, password) : concat(plain, sealed, sealedBesides)
          volumeMounts: [
            {
              volumeName: 'scratch'
              mountPath: '/tmp'
            }
          ]
          probes: [
            {
              type: 'Startup' // a new version may have to change the database first
              httpGet: {
                path: '/healthz'
                port: 3978
              }
              periodSeconds: 2
              failureThreshold: 60
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/healthz'
                port: 3978
              }
              timeoutSeconds: 5
              failureThreshold: 6
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/readyz'
                port: 3978
              }
              timeoutSeconds: 5
              periodSeconds: 5
            }
          ]
        }
      ]
      volumes: [
        {
          name: 'scratch'
          storageType: 'EmptyDir'
        }
      ]
      scale: {
        minReplicas: replicas
        maxReplicas: mostReplicas
        rules: [
          {
            name: 'requests'
            http: {
              metadata: {
                concurrentRequests: '50'
              }
            }
          }
        ]
      }
    }
  }
}

@description('The app, for its alarms.')
output id string = app.id
